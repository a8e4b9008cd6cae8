// command_line.hpp - the QEMU command line of a system. Pure: the same input gives the same words.
#pragma once

#include "file.hpp"
#include "system_model.hpp"

namespace vireo {

struct QemuFiles {
    fs::path kernel;     // flat Image
    fs::path archive;    // boot archive
    fs::path directory;  // of this run: scratch images are NAME.img, what consoles say NAME.txt
    fs::path qmp_socket;
    fs::path sockets{};  // back ends listen there as NAME
    fs::path log;  // what the guest does wrong, as QEMU sees it; empty: QEMU keeps no such log
    bool trace = false;  // in the log, for the monitor
};

struct QemuOptions {
    std::string program = "qemu-system-aarch64";
    std::string serial = "stdio";      // for -serial
    std::vector<std::string> extra{};  // of this kind of run: -icount, -S
    std::vector<std::string> user{};   // --qemu-opts; last, so that they win
};

std::vector<std::string>
qemu_command_line(const System& system, const QemuFiles& files, const QemuOptions& options);

// For a person: quoted for a shell, one option a line.
std::string printed_command_line(const std::vector<std::string>& argv);

fs::path scratch_file(const fs::path& directory, const Device& device);
// Linux's format of dm-log-writes.
fs::path journal_file(const fs::path& directory, const Device& device);
// Where the output of a virtio-console goes, when no program is at its other end.
fs::path console_file(const fs::path& directory, const Device& device);
fs::path backend_socket(const fs::path& sockets, const Device& device);

}  // namespace vireo
