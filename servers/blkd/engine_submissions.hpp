// blkd/engine_submissions.hpp - the way down: from the sessions' rings to the device. Part of
// engine.hpp.
#pragma once

#include "engine.hpp"

namespace blkd {

// False: the device was told of nothing.
template <Disk D, class O>
[[gnu::always_inline]] inline bool Engine<D, O>::forward()
{
    for (u32 turns = 0; turns < turns_per_step && hungry(); ++turns) {
        const u32 place = turns_.next();
        if (!serve(place))
            turns_.rest(place);
    }
    return disk_->kick();
}

// One turn of one session. True: it may have more.
template <Disk D, class O>
[[gnu::always_inline]] inline bool Engine<D, O>::serve(u32 place)
{
    Session& session = *sessions_[place];
    const u32 budget = session.budget();
    if (budget == 0) [[unlikely]]
        return rest(place, session.park());
    const u32 room = room_of(place, session);
    if (room == 0) [[unlikely]] {
        turns_.cap(place);
        return false;
    }
    const u32 most = std::min({turn, budget, room, session.waiting()});
    if (!take(place, session, most)) [[unlikely]]
        return true;
    return !session.emptied() || rest(place, session.sleep());
}

// Takes so many requests, and hands them to the disk. False: it is full.
template <Disk D, class O>
[[gnu::always_inline]] inline bool Engine<D, O>::take(u32 place, Session& session, u32 most)
{
    auto requests = session.batch();
    D& disk = *disk_;
    const Usual usual = session.usual();
    const DeviceAddr data = session.buffer().start();
    const Window window = session.limits().window;
    u32 started = 0;
    for (u32 left = most; left != 0; --left) {
        const block::Submission asked = requests.take();
        if (usual.holds(asked)
            && disk.submit_usual(Tag::make(place, asked.cookie), asked.op,
                                 on_disk(asked.first, window), asked.count,
                                 data + Bytes{asked.offset})) [[likely]] {
            ++started;
            continue;
        }
        session.started(std::exchange(started, 0));
        session.took(requests);
        if (!start_unusual(place, session, block::Submission{asked}))
            return false;
        left = std::min(left, 1 + room_of(place, session));
    }
    session.started(started);
    session.took(requests);
    return true;
}

// False: the disk is full.
template <Disk D, class O>
[[gnu::noinline]] bool
Engine<D, O>::start_unusual(u32 place, Session& session, block::Submission asked)
{
    const auto verdict = admit(asked, session.limits());
    if (verdict != block::Status::ok) [[unlikely]]
        return answer(place, asked.cookie, verdict), true;
    return is_light(asked) ? start(place, session, asked, 0) : start_heavy(place, session, asked);
}

// Nothing can be taken. True: look again.
template <Disk D, class O>
[[gnu::always_inline]] inline bool Engine<D, O>::rest(u32 place, bool sleeps)
{
    return !sleeps && look_again(place);
}
template <Disk D, class O>
[[gnu::cold, gnu::noinline]] bool Engine<D, O>::look_again(u32 place)
{
    if (!sessions_[place]->broken()) [[likely]]
        return true;
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

// Units that it may still have at the device.
template <Disk D, class O>
[[gnu::always_inline]] inline u32 Engine<D, O>::room_of(u32 place, const Session& session) const
{
    const u32 share = turns_.peers(place) == 0 ? session.share() : share_with_peers(place);
    return most_in_flight_ - std::min(most_in_flight_, share);
}

template <Disk D, class O>
[[gnu::noinline]] u32 Engine<D, O>::share_with_peers(u32 place) const
{
    u32 sum = sessions_[place]->share();
    Turns::each(turns_.peers(place), [&](u32 peer) { sum += sessions_[peer]->share(); });
    return sum;
}

// A request that does not get to the device.
template <Disk D, class O>
[[gnu::cold, gnu::noinline]] void Engine<D, O>::answer(u32 place, u32 cookie, block::Status status)
{
    sessions_[place]->complete({cookie, status});
    turns_.touch(place);
}

// Large, or neither read nor write. False: the disk is full.
template <Disk D, class O>
[[gnu::always_inline]] inline bool
Engine<D, O>::start_heavy(u32 place, Session& session, block::Submission& asked)
{
    if (asked.op > block::Op::write)
        return start_rare(place, session, block::Submission{asked});
    const u32 extra = extra_units(asked);
    session.started_large(extra);
    return start(place, session, asked, Tag::Extra::make(extra));
}

// A read or a write. False: the disk is full.
template <Disk D, class O>
[[gnu::always_inline]] inline bool
Engine<D, O>::start(u32 place, Session& session, block::Submission& asked, u64 marks)
{
    session.started();
    const u64 tag = Tag::make(place, asked.cookie) | marks;
    asked.first = on_disk(asked.first, session.limits().window);
    const auto sent = disk_->submit(tag, asked, session.buffer());
    return sent || not_sent(tag, block::Submission{asked}, sent.error());
}

// What is neither. False: the disk is full.
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
    u64 tag = Tag::make(place, asked.cookie);
    if (fua) {
        session.started_large(extra_units(asked));
        tag |= Tag::flush_follows | Tag::Extra::make(extra_units(asked));
    }
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
    else
        (void)disk_->kick();
}

}  // namespace blkd
