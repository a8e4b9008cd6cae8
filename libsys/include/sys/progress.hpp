// sys/progress.hpp - what the running server says of itself to whoever started it. Inbox does all
// of it; a server that works on something for a client without a message says for whom.
#pragma once

#include <abi/boot.hpp>

namespace sys {

namespace detail {

// Of a program that nobody watches.
[[clang::no_destroy]] inline constinit abi::Progress unwatched{};
inline constinit abi::Progress* progress = &unwatched;

inline void write(u64& place, u64 value) { __atomic_store_n(&place, value, __ATOMIC_RELAXED); }

}  // namespace detail

// It works for the client of this badge; 0: for nobody.
inline void works_for(u64 badge) { detail::write(detail::progress->badge, badge); }

// Messages of this badge are refused.
inline bool shut_out(u64 badge)
{
    for (const u64 other : detail::progress->shut_out)
        if (other == badge && badge != 0)
            return true;
    return false;
}

// It came back from its wait, with a message of this badge, or 0.
inline void comes_round(u64 badge)
{
    abi::Progress& progress = *detail::progress;
    detail::write(progress.turns, progress.turns + 1);
    detail::write(progress.badge, badge);
}

}  // namespace sys
