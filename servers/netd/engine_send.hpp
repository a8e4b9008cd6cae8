// netd/engine_send.hpp - of the engine: what sessions send goes to the device, and comes back.
#pragma once

#include "engine.hpp"

namespace netd {

template <class N, class O>
Result<> Engine<N, O>::reclaim()
{
    Result<> done;
    u64 touched = 0;
    bool room = false;
    while (nic_->has_sent()) {
        u64* next = tags_.data();
        u32 count =
            nic_->sent_plain(batch, [&next] [[gnu::always_inline]] (u64 tag) { *next++ = tag; });
        if (count == 0) {
            const auto tag = nic_->sent();
            if (tag && !*tag) [[unlikely]]
                done = fail(tag->error());
            if (!tag || !*tag)
                break;
            tags_[count++] = **tag;
        }
        touched |= finish(std::span{tags_}.first(count), net::Status::ok);
        room = true;
    }
    turns_.touch_all(touched);
    if (room)
        turns_.uncap();
    return done;
}

// The set of sessions whose clients must be told.
template <class N, class O>
u64 Engine<N, O>::finish(std::span<const u64> tags, net::Status status)
{
    u64 touched = 0;
    totals_->lost_frames += status == net::Status::lost ? tags.size() : 0;
    const u64* const end = tags.data() + tags.size();
    for (const u64* at = tags.data(); at != end;)
        touched |= finish_some(at, end, status);
    return touched;
}

// As many as are of one session.
template <class N, class O>
[[gnu::always_inline]] inline u64
Engine<N, O>::finish_some(const u64*& at, const u64* end, net::Status status)
{
    const u64 place = Tag::Place::get(*at);
    Session& session = *sessions_[place];
    auto completions = session.completions();
    const bool open = session.open();
    const u64* const first = at;
    for (; at != end && Tag::Place::get(*at) == place; ++at)
        if (open) [[likely]]
            (void)completions.push({static_cast<u32>(*at), status});
    session.put_back(completions);
    session.ended(static_cast<u32>(at - first));
    if (open) [[likely]]
        return Turns::bit_of(static_cast<u32>(place));
    remove_if_done(static_cast<u32>(place));
    return 0;
}

template <class N, class O>
void Engine<N, O>::forward()
{
    for (u32 turns = 0; turns < turns_per_step && turns_.pending() && !held_; ++turns) {
        const u32 place = turns_.next();
        if (!serve(place))
            turns_.rest(place);
    }
}

// One turn of one session. True: it may have more.
template <class N, class O>
bool Engine<N, O>::serve(u32 place)
{
    Session& session = *sessions_[place];
    const u32 budget = session.budget();
    if (budget == 0)
        return rest(place, session.park());
    const u32 at_device = in_flight_with_peers(place);
    if (at_device >= most_in_flight_) {
        turns_.cap(place);
        return false;
    }
    u32 left = std::min({turn, budget, most_in_flight_ - at_device});
    while (left != 0 && !held_) {
        left -= serve_plain(place, session, left);
        if (left == 0)
            break;
        const auto asked = session.next();
        if (!asked)
            return rest(place, !session.broken() && session.sleep());
        serve(place, session, *asked);
        --left;
    }
    return true;
}

// As many as are plain, one after the other. Returns how many were taken.
template <class N, class O>
u32 Engine<N, O>::serve_plain(u32 place, Session& session, u32 most)
{
    const bool up = (link_ & net::LinkBits::up) != 0;
    most = up ? std::min(most, nic_->plain_room(session)) : 0;
    Limits limits = session.limits();
    limits.max_frame = std::min(limits.max_frame, nic_->max_frame());  // less after some resets
    const DeviceAddr buffer = session.buffer().start();
    u64 bytes = 0;
    auto sends = session.requests();
    using Send = typename N::PlainSend;
    const u32 sent = nic_->send_plain(most, [&] [[gnu::always_inline]] (Send & next) {
        const auto asked = sends.pop_if([&](const net::Send& send) { return plain(send, limits); });
        if (!asked)
            return false;
        bytes += asked->bytes;
        next = {Tag::make(place, asked->offset), {buffer + Bytes{asked->offset}, asked->bytes}};
        return true;
    });
    session.put_back(sends);
    session.started(sent);
    count(session, {sent, bytes});
    return sent;
}

// One of any kind.
template <class N, class O>
[[gnu::noinline]] void Engine<N, O>::serve(u32 place, Session& session, const net::Send& asked)
{
    if (const auto verdict = admit(asked, session.limits()); verdict != net::Status::ok)
        return refuse(place, asked.offset, verdict);
    Tally tally;
    start(place, session, asked, tally);
    count(session, tally);
}

template <class N, class O>
void Engine<N, O>::count(Session& session, const Tally& tally)
{
    session.counts().sent_frames += tally.frames;
    session.counts().sent_bytes += tally.bytes;
    totals_->sent_frames += tally.frames;
    totals_->sent_bytes += tally.bytes;
}

// Nothing can be taken. True: look again.
template <class N, class O>
bool Engine<N, O>::rest(u32 place, bool sleeps)
{
    if (sessions_[place]->broken()) [[unlikely]] {
        check(place);
        return false;
    }
    return !sleeps;
}

// What finds the device full is held.
template <class N, class O>
void Engine<N, O>::start(u32 place, Session& session, net::Send asked, Tally& tally)
{
    if ((link_ & net::LinkBits::up) == 0)
        return refuse(place, asked.offset, net::Status::link_down);
    nic_->prepare(asked, session);
    const auto sent = nic_->send(Tag::make(place, asked.offset), asked, session);
    if (!sent && sent.error() != Errc::would_block)
        return refuse(place, asked.offset, net::Status::malformed);
    session.started();
    if (!sent) {
        held_ = {place, asked};
        return;
    }
    ++tally.frames;
    tally.bytes += std::max(asked.bytes, net::least_wire_bytes);
}

template <class N, class O>
[[gnu::cold, gnu::noinline]] void Engine<N, O>::refuse(u32 place, u32 offset, net::Status why)
{
    Session& session = *sessions_[place];
    ++session.counts().refused_frames;
    ++totals_->refused_frames;
    session.complete({offset, why});
    turns_.touch(place);
}

// It counts as one that is at the device, so that its session stays.
template <class N, class O>
[[gnu::cold, gnu::noinline]] void Engine<N, O>::retry_held()
{
    const auto [place, asked] = *std::exchange(held_, std::nullopt);
    Session& session = *sessions_[place];
    session.ended();
    if (!session.open())
        return remove_if_done(place);
    Tally tally;
    start(place, session, asked, tally);
    count(session, tally);
}

template <class N, class O>
u32 Engine<N, O>::in_flight_with_peers(u32 place) const
{
    u32 sum = sessions_[place]->in_flight();
    Turns::each(turns_.peers(place), [&](u32 peer) { sum += sessions_[peer]->in_flight(); });
    return sum;
}

}  // namespace netd
