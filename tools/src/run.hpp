// run.hpp - `run`: boot a system, show what it says, end with its verdict.
#pragma once

#include "options.hpp"
#include "project.hpp"
#include "qmp.hpp"

#include <functional>

namespace vireo {

// How a run differs from others.
struct RunKind {
    std::vector<std::string> qemu{};  // further options
    // The guest has ended or hangs, and stands still: its memory can be read.
    std::function<void(Qmp& qmp, const fs::path& directory)> stopped{};
};

int run(const Project& project, const Options& options, const RunKind& kind = {});

}  // namespace vireo
