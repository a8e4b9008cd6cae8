// exit_code.hpp - the codes that the tool ends with. Scripts rely on them: docs and tests quote
// this list.
#pragma once

namespace vireo {

// `run` passes 0..119 through from the guest: the verdict program's, or with -c the guest
// command's.
inline constexpr int last_guest_status = 119;

enum class Exit : int {
    ok = 0,
    test_failed = 1,    // a test failed; `bench`, `size --check`: a limit is exceeded
    usage = 120,        // the command line, a system file or an image that cannot be used so
    environment = 121,  // something is missing or too old on this machine, or a file cannot be read
    build = 122,        // the project does not build
    panic = 123,        // the guest panicked, or its verdict program crashed
    time_limit = 124,   // no progress for --timeout seconds
    qemu = 125,         // QEMU failed, complained, or ended without a verdict
    interrupted = 130,  // Ctrl-C
    unread = 141,       // whoever read the output went away, as `head` does
};

constexpr int code(Exit exit) { return static_cast<int>(exit); }

}  // namespace vireo
