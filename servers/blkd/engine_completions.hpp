// blkd/engine_completions.hpp - the way back: what the device ended, and its clients' being told.
// Part of engine.hpp.
#pragma once

#include "engine.hpp"

namespace blkd {

// Takes back all that the device finished, including what it finishes while we look.
template <Disk D, class O>
[[gnu::always_inline]] inline Result<> Engine<D, O>::finish()
{
    if (const auto sane = disk_->acknowledge(); !sane)
        return recover();
    if (!drain())
        return recover();
    turns_.uncap();
    if (held_) [[unlikely]]
        retry_held();
    return {};
}

template <Disk D, class O>
[[gnu::cold, gnu::noinline]] Result<> Engine<D, O>::look()
{
    if (std::exchange(just_held_, false))
        return {};
    const auto found = finish();
    (void)disk_->kick();
    return found;
}

// False: the device lied.
template <Disk D, class O>
[[gnu::always_inline]] inline bool Engine<D, O>::drain()
{
    const auto touched = disk_->drain(
        0, [this](u64 so_far, Ended ended) { return so_far | finish(ended.tag, ended.status); });
    turns_.touch_all(touched.value_or(~u64{0}));
    return touched.has_value();
}

// The set of the session whose client must be told.
template <Disk D, class O>
[[gnu::always_inline]] inline u64 Engine<D, O>::finish(u64 tag, block::Status status)
{
    const auto place = static_cast<u32>(Tag::Marks::get(tag));
    if (place >= max_sessions) [[unlikely]]
        return finish_marked(tag, status);
    Session& session = *sessions_[place];
    session.ended();
    if (!session.open()) [[unlikely]] {
        remove_if_done(place);
        return 0;
    }
    session.complete({static_cast<u32>(tag), status});
    return Turns::bit_of(place);
}

// A large request, or the first half of a write_fua.
template <Disk D, class O>
[[gnu::noinline]] u64 Engine<D, O>::finish_marked(u64 tag, block::Status status)
{
    sessions_[Tag::place(tag)]->ended_large(Tag::extra(tag));
    const u64 unmarked = Tag::unmarked(tag);
    return (tag & Tag::flush_follows) != 0 ? finish_write(unmarked, status)
                                           : finish(unmarked, status);
}

// The flush takes the slot that the write had.
template <Disk D, class O>
[[gnu::cold, gnu::noinline]] u64 Engine<D, O>::finish_write(u64 tag, block::Status status)
{
    const Session& session = *sessions_[Tag::place(tag)];
    const bool cached = disk_->caches() || in_doubt_;
    if (status == block::Status::ok && session.open() && cached) {
        if (disk_->submit(tag, {{}, 0, 0, block::Op::flush, 0}, session.buffer())) {
            (void)disk_->kick();  // shown before the next take: the ring wants it so
            return 0;
        }
        status = block::Status::device_error;
    }
    return finish(tag, status);
}

// The device lied or broke down: reset, and what it had has failed.
template <Disk D, class O>
[[gnu::cold, gnu::noinline]] Result<> Engine<D, O>::recover()
{
    sys::note(abi::BlackBox::What::reset, ++recoveries_);
    if (recoveries_ > most_recoveries)
        return fail(Errc::device_fault);
    const auto lost = [this](u64 tag) {
        turns_.touch_all(finish(tag, block::Status::device_error));
    };
    if (const auto again = disk_->recover(lost); !again)
        return again;
    turns_.uncap();
    if (held_) [[unlikely]]
        retry_held();
    return {};
}

// What a session was given or has been taken from. That submissions were taken its client
// learns with the completion of one: before that it may not have more anyway.
template <Disk D, class O>
[[gnu::always_inline]] inline void Engine<D, O>::publish()
{
    Turns::each(turns_.take_touched(), [this](u32 place) {
        if (sessions_[place]->publish())
            owner_->ring(place);
    });
}

template <Disk D, class O>
void Engine<D, O>::remove_if_done(u32 place)
{
    if (sessions_[place]->in_flight() != 0)
        return;
    sessions_[place].reset();
    turns_.remove(place);
    owner_->release(place);
}

}  // namespace blkd
