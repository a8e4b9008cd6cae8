// dead.hpp - what QEMU 7.2 says on stderr when a vhost-user back end dies under it, and nothing
// else.
#pragma once

#include <cli/tool.hpp>

inline const cli::Words back_end_died{
    "--allow-line",
    "^qemu-system-aarch64: (Unexpected end-of-file before all data were read"
    "|Failed to set msg fds\\."
    "|Failed to write msg\\. Wrote -1 instead of [0-9]+\\."
    "|Failed to read msg header\\. Read (0|-1) instead of 12\\. Original request 11\\."
    "|vhost VQ [0-9]+ ring restore failed: -[0-9]+: [A-Za-z/ ]+ \\([0-9]+\\)"
    "|vhost_set_vring_call failed: [A-Za-z/ ]+ \\([0-9]+\\))$"};
