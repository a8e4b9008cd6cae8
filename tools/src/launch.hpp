// launch.hpp - from options to everything that QEMU needs to start: system, images, boot archive,
// command line.
#pragma once

#include "keyboard.hpp"
#include "options.hpp"
#include "project.hpp"
#include "system_model.hpp"

namespace vireo {

struct Launch {
    System system;
    RunDirectory directory;
    std::vector<std::string> argv{};
    std::vector<std::string> images{};  // in the archive
    fs::path qmp_socket{};
    fs::path gdb_socket{};
    fs::path qemu_log{};     // empty: QEMU keeps none, the user's own -d does something else
    bool monitored = false;  // the log has a trace for the monitor
    InputKind input = InputKind::none;  // who talks with the system's shell
};

struct LaunchKind {
    std::vector<std::string> qemu{};    // further options of this kind of run
    bool debugger = false;              // stopped, waiting for gdb, with the log in a file
    std::string variant{};              // tells dry runs of one system apart
    InputKind input = InputKind::none;  // who would talk with the system's shell, if it has one
};

// Builds what is out of date, then fills a fresh run directory; for a dry run one that stays until
// the next one, so that what is printed can be run.
Launch prepare_launch(const Project& project, const Options& options, const LaunchKind& kind);

}  // namespace vireo
