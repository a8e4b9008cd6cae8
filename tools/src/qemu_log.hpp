// qemu_log.hpp - QEMU's log of a run: what it says of the guest's mistakes, and between those lines
// the trace that the monitor reads.
#pragma once

#include "file.hpp"

namespace vireo {

struct QemuLog {
    std::string complaints{};               // whatever is not of the trace
    std::vector<std::string> violations{};  // one line each
    bool traced = false;                    // some access was seen
};

// Nothing of either if there is no such file.
QemuLog read_qemu_log(const fs::path& path, bool monitored);

}  // namespace vireo
