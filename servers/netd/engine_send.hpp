// netd/engine_send.hpp - of the engine: what sessions send goes to the device, and comes back.
#pragma once

#include "engine.hpp"

namespace netd {

// Frames come back as they went, many of one session one after the other.
template <class N, class O>
[[gnu::noinline]] Result<> Engine<N, O>::reclaim()
{
    const u32 before = nic_->sending();
    u32 place = last_sent_;
    while (nic_->has_sent()) {
        if (finish_some(place))
            continue;
        const auto tag = nic_->sent();
        if (!tag)
            break;
        if (!*tag) [[unlikely]]
            return fail(tag->error());
        place = finish(**tag, net::Status::ok);
    }
    last_sent_ = place;
    if (nic_->sending() != before)
        turns_.uncap();
    return {};
}

// As many as are plain and of this session, whose client must be told. False: that was none. If
// the next one is of another session, `place` is that.
template <class N, class O>
[[gnu::always_inline]] inline bool Engine<N, O>::finish_some(u32& place)
{
    const u32 own = place;
    if (!turns_.is_open(own)) [[unlikely]]
        return false;
    Session& session = *sessions_[own];
    auto completions = session.completions();
    const u32 count = nic_->sent_plain(batch, [&] [[gnu::always_inline]] (u64 tag) {
        if (Tag::Place::get(tag) != own) [[unlikely]] {
            place = static_cast<u32>(Tag::Place::get(tag));
            return false;
        }
        (void)completions.push({static_cast<u32>(tag), net::Status::ok});
        return true;
    });
    session.put_back(completions);
    session.ended(count);
    if (count != 0)
        turns_.touch(own);
    return count != 0 || place != own;
}

// One of any kind. Returns its session's place.
template <class N, class O>
[[gnu::noinline]] u32 Engine<N, O>::finish(u64 tag, net::Status status)
{
    const auto place = static_cast<u32>(Tag::Place::get(tag));
    Session& session = *sessions_[place];
    totals_->lost_frames += status == net::Status::lost ? 1 : 0;
    session.ended();
    if (session.open()) {
        session.complete({static_cast<u32>(tag), status});
        turns_.touch(place);
    } else {
        remove_if_done(place);
    }
    return place;
}

template <class N, class O>
[[gnu::always_inline]] inline void Engine<N, O>::forward()
{
    for (u32 turns = 0; turns < turns_per_step && turns_.pending() && !held_; ++turns) {
        const u32 place = turns_.next();
        if (!serve(place))
            turns_.rest(place);
        note_waiting(place);
    }
}

// A client rings after it went to sleep on what it sent, so its session is served then.
template <class N, class O>
void Engine<N, O>::note_waiting(u32 place)
{
    const bool waits = turns_.is_open(place) && sessions_[place]->awaited();
    waiting_ = (waiting_ & ~Turns::bit_of(place)) | (waits ? Turns::bit_of(place) : 0);
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
    while (!held_) {
        left -= serve_plain(place, session, left);
        if (session.sleep()) [[likely]]
            return false;
        if (left == 0)
            break;
        const auto asked = session.next();
        if (!asked)
            break;
        serve(place, session, *asked);
        --left;
    }
    return rest(place, false);
}

// As many as are plain, one after the other. Returns how many were taken.
template <class N, class O>
[[gnu::always_inline]] inline u32 Engine<N, O>::serve_plain(u32 place, Session& session, u32 most)
{
    const bool up = (link_ & net::LinkBits::up) != 0;
    most = up ? std::min(most, nic_->plain_room(session)) : 0;
    Limits limits = session.limits();
    limits.max_frame = std::min(limits.max_frame, nic_->max_frame());  // less after some resets
    const DeviceAddr buffer = session.buffer().start();
    u64 bytes = 0;
    auto& sends = session.pending();
    most = std::min(most, sends.available());
    using Send = typename N::PlainSend;
    const u32 sent = nic_->send_plain(most, [&] [[gnu::always_inline]] (Send & next) {
        const auto asked = sends.pop_if([&](const net::Send& send) { return plain(send, limits); });
        if (!asked)
            return false;
        bytes += asked->bytes;
        next = {Tag::make(place, asked->offset), {buffer + Bytes{asked->offset}, asked->bytes}};
        return true;
    });
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
