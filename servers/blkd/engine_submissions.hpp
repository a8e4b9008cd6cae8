// blkd/engine_submissions.hpp - the way down: from the sessions' rings to the device. Part of
// engine.hpp.
#pragma once

#include "engine.hpp"

namespace blkd {

template <Disk D, class O>
[[gnu::always_inline]] inline void Engine<D, O>::forward()
{
    for (u32 turns = 0; turns < turns_per_step && hungry(); ++turns) {
        const u32 place = turns_.next();
        if (!serve(place))
            turns_.rest(place);
    }
}

// One turn of one session. True: it may have more.
template <Disk D, class O>
bool Engine<D, O>::serve(u32 place)
{
    Session& session = *sessions_[place];
    const u32 budget = session.budget();
    if (budget == 0)
        return rest(place, session.park());
    const u32 at_device =
        turns_.peers(place) == 0 ? session.in_flight() : in_flight_with_peers(place);
    if (at_device >= most_in_flight_) {
        turns_.cap(place);
        return false;
    }
    for (u32 n = std::min({turn, budget, most_in_flight_ - at_device}); n != 0; --n) {
        auto asked = session.next();
        if (!asked) [[unlikely]]
            return rest(place, !session.broken() && session.sleep());
        if (const auto verdict = admit(*asked, session.limits()); verdict != block::Status::ok)
            [[unlikely]]
            answer(place, asked->cookie, verdict);
        else if (!start(place, session, *asked)) [[unlikely]]
            return true;
    }
    return true;
}

// Nothing can be taken. True: look again.
template <Disk D, class O>
[[gnu::always_inline]] inline bool Engine<D, O>::rest(u32 place, bool sleeps)
{
    if (!sessions_[place]->broken()) [[likely]]
        return !sleeps;
    shut(place);
    return false;
}

// A client that broke its ring.
template <Disk D, class O>
[[gnu::cold, gnu::noinline]] void Engine<D, O>::shut(u32 place)
{
    sessions_[place]->close(Errc::malformed);
    owner_->ring(place);
    end(place);
}

template <Disk D, class O>
[[gnu::noinline]] u32 Engine<D, O>::in_flight_with_peers(u32 place) const
{
    u32 sum = sessions_[place]->in_flight();
    Turns::each(turns_.peers(place), [&](u32 peer) { sum += sessions_[peer]->in_flight(); });
    return sum;
}

// A request that does not get to the device.
template <Disk D, class O>
[[gnu::cold, gnu::noinline]] void Engine<D, O>::answer(u32 place, u32 cookie, block::Status status)
{
    sessions_[place]->complete({cookie, status});
    turns_.touch(place);
}

// False: the disk is full.
template <Disk D, class O>
[[gnu::always_inline]] inline bool
Engine<D, O>::start(u32 place, Session& session, block::Submission& asked)
{
    if (asked.op > block::Op::write) [[unlikely]]
        return start_rare(place, session, block::Submission{asked});
    session.started();
    const u64 tag = Tag::make(place, asked.cookie);
    asked.first = on_disk(asked.first, session.limits().window);
    const auto sent = disk_->submit(tag, asked, session.buffer());
    return sent || not_sent(tag, block::Submission{asked}, sent.error());
}

// What is neither read nor write.
template <Disk D, class O>
[[gnu::cold, gnu::noinline]] bool
Engine<D, O>::start_rare(u32 place, Session& session, const block::Submission& asked)
{
    const bool fua = asked.op == block::Op::write_fua;
    if ((fua && disk_->caches()) || asked.op == block::Op::flush)
        if (const auto known = disk_->flush_answer(); known) {
            answer(place, asked.cookie, *known);
            return true;
        }
    session.started();
    const u64 tag = Tag::make(place, asked.cookie) | (fua ? Tag::flush_follows : 0);
    block::Submission placed = asked;
    if (asked.op != block::Op::flush && asked.op != block::Op::get_id)
        placed.first = on_disk(asked.first, session.limits().window);
    const auto sent = disk_->submit(tag, placed, session.buffer());
    return sent || not_sent(tag, placed, sent.error());
}

// False: only because the disk is full.
template <Disk D, class O>
[[gnu::cold, gnu::noinline]] bool
Engine<D, O>::not_sent(u64 tag, const block::Submission& asked, Errc why)
{
    if (why == Errc::would_block) {
        held_ = Held{tag, asked};
        just_held_ = true;
        return false;
    }
    // The disk shrank since, or the driver found what admit does not know.
    turns_.touch_all(finish(tag, why == Errc::out_of_range ? block::Status::out_of_range
                                                           : block::Status::device_error));
    return true;
}

template <Disk D, class O>
[[gnu::cold, gnu::noinline]] void Engine<D, O>::retry_held()
{
    const auto [tag, asked] = *std::exchange(held_, std::nullopt);
    const u32 place = Tag::place(tag);
    if (!turns_.is_open(place))
        turns_.touch_all(finish(tag, block::Status::device_error));
    else if (const auto sent = disk_->submit(tag, asked, sessions_[place]->buffer()); !sent)
        (void)not_sent(tag, asked, sent.error());
}

}  // namespace blkd
