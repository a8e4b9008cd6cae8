// sys/progress.hpp - what the running server says of itself to whoever started it, and is told by
// it. Inbox and dispatch() do all of it.
#pragma once

#include <abi/boot.hpp>
#include <sys/machine.hpp>

namespace sys {

namespace detail {

// Of a program that nobody watches.
[[clang::no_destroy]] inline constinit abi::Progress unwatched{};
inline constinit abi::Progress* progress = &unwatched;

}  // namespace detail

// It came back from its wait now, with a message of this badge, or 0. Before it does anything else.
[[gnu::always_inline]] inline void say_turn(abi::Progress& progress, u64 badge)
{
    store_pair(&progress.turn, counter(), badge);
}

// Messages of this badge are refused.
inline bool shut_out(u64 badge)
{
    for (const u64 other : detail::progress->shut_out)
        if (other == badge && badge != 0)
            return true;
    return false;
}

}  // namespace sys
