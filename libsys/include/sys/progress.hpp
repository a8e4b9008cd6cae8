// sys/progress.hpp - what the running server says of itself to whoever started it, and is told by
// it. Inbox and dispatch() do all of it; a server may note more.
#pragma once

#include <abi/boot.hpp>
#include <sys/machine.hpp>

namespace sys {

namespace detail {

// Of a program that nobody watches.
[[clang::no_destroy]] inline constinit abi::ServerPage unwatched{};
inline constinit abi::ServerPage* page = &unwatched;
inline constinit abi::Progress* progress = &unwatched.progress;

}  // namespace detail

// Of the running server; nobody reads them if nobody watches it.
inline abi::Statistics& statistics() { return detail::page->statistics; }

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

// What it does now, for whoever asks when it is dead. Not for what is done with every request.
inline void note(abi::BlackBox::What what, u64 value = 0, u32 more = 0)
{
    abi::BlackBox& box = detail::progress->box;
    box.events[box.count % box.events.size()] = {counter(), value, what, more};
    __atomic_store_n(&box.count, box.count + 1, __ATOMIC_RELEASE);
}

// A message; the number of the event, for note_answer().
inline u64 note_message(u64 badge, u16 ordinal)
{
    using Box = abi::BlackBox;
    note(Box::What::message, badge, ordinal | Box::unanswered << 16);
    return detail::progress->box.count - 1;
}
inline void note_answer(u64 event, Errc status)
{
    auto& events = detail::progress->box.events;
    auto& detail = events[event % events.size()].detail;
    detail = (detail & 0xffff) | static_cast<u32>(status) << 16;
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
