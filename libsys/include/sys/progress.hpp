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

// It came back from its wait now, and works for nobody yet: what bits tell of comes before the
// message.
[[gnu::always_inline]] inline void say_turn(abi::Progress& progress)
{
    store_pair(&progress.turn, counter(), 0);
}

// It works on a message of this badge.
inline void works_for(u64 badge)
{
    __atomic_store_n(&detail::progress->badge, badge, __ATOMIC_RELAXED);
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
