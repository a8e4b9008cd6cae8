// fault/victim.hpp - what a victim shares among its files.
#pragma once

#include "board.hpp"

#include <sys/memory.hpp>
#include <sys/notification.hpp>
#include <sys/startup.hpp>

struct Victim {
    const sys::Startup& given;
    Board& board;
    sys::Borrowed<sys::Notification> go;     // one bit for each round
    sys::Borrowed<sys::Notification> ready;  // the victim waits for `go`, or serves
};

// Exit codes.
inline constexpr int well = 7;
inline constexpr int call_failed = 100;  // + the error of a call

// The entropy device, a request a round. `io`: by calls; `wild`: for memory that is not its own.
int drive(const Victim& victim, std::string_view how);
