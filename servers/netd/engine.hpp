// netd/engine.hpp - moves frames between the sessions' rings and the device.
//
// `step` never waits and never loops without bound. What came goes to every session that wants it
// and has a space; for one that has none it is lost. For sending, sessions take turns, some frames
// each, starting after the one served last; a program has at most half of the device's places, all
// its sessions together.
//
// A session that ended stays until its last frame came back from the device; only then its memory
// is let go.
#pragma once

#include "modes.hpp"
#include "session.hpp"

#include <common/turns.hpp>
#include <sys/progress.hpp>
#include <virtio/net_receive.hpp>

namespace netd {

using common::doorbell_of;
using common::interrupt_bit;
using common::max_sessions;

// A frame at the device is known by its session and its place in the buffer.
struct Tag {
    using Place = Field<63, 32>;

    static constexpr u64 make(u32 place, u32 offset) { return u64{place} << 32 | offset; }
};

// What the engine cannot do itself: reach clients, and give their memory back.
template <class O>
concept Owner = requires(O owner, u32 session) {
    { owner.ring(session) } -> std::same_as<void>;
    { owner.release(session) } -> std::same_as<void>;
};

// Of all sessions, those included that ended.
struct Totals {
    u64 received_frames = 0;
    u64 received_bytes = 0;
    u64 unwanted = 0;
    u64 malformed = 0;
    u64 sent_frames = 0;
    u64 sent_bytes = 0;
    u64 lost_frames = 0;
    u64 refused_frames = 0;
};

// N: nic.hpp.
template <class N, class O>
class Engine {
public:
    static constexpr u32 turn = 32;             // sends of one session before the next one's
    static constexpr u32 turns_per_step = 32;   // then the server looks at its bits and calls again
    static constexpr u32 burst = 64;            // frames that are received before that
    static constexpr u32 rounds_per_step = 16;  // of looking again at a device that goes on
    static constexpr u32 most_recoveries = 16;  // of the device, then the server gives up

    Engine(N& nic, O& owner) : nic_{&nic}, owner_{&owner}, link_{link_bits()}
    {
        static_assert(Owner<O>);  // here, where O is complete: it may hold this engine
    }

    // Moves every frame one step on. Errors: those of the device's recovery; device_fault (it lied
    // too often).
    Result<> step(abi::Bits woken);

    // There is more to do at once: do not sleep.
    bool hungry() const { return more_ || (turns_.pending() && !held_); }

    std::optional<u32> vacant() const { return turns_.vacant(); }
    // `program`: whose it is.
    void open(u32 place, const Session& session, u32 program);
    bool is_open(u32 place) const { return turns_.is_open(place); }
    Session& session(u32 place) { return *sessions_[place]; }
    void set_filter(u32 place, const net::Filter& filter);
    // Nothing of the session is served any more; its memory goes once nothing of it is at the
    // device.
    void end(u32 place);

    // Takes no more sends; what was taken is ended as ever.
    void leave() { most_in_flight_ = 0; }
    bool idle() const
    {
        return std::ranges::none_of(
            sessions_, [](const auto& each) { return each && each->in_flight() != 0; });
    }

    const Totals& totals() const { return totals_; }
    // Of the device, because it lied or broke down.
    u32 resets() const { return recoveries_; }

private:
    using Turns = common::Turns;

    // A frame that was taken off its ring and found the device full.
    struct Held {
        u32 place;
        net::Send asked;
    };

    // What the device took in one turn.
    struct Tally {
        u64 frames = 0;
        u64 bytes = 0;
    };

    Result<> work();
    Result<> receive();
    void arrived(const virtio::net::Frame& frame);
    void gather(const virtio::net::Frame& frame);
    void give_out(const virtio::net::Frame& frame,
                  std::span<const std::span<const std::byte>> pieces);
    Result<> reclaim();
    u64 finish(u64 tag, net::Status status);

    void forward();
    bool serve(u32 place);
    bool serve(u32 place, Tally& tally);
    bool rest(u32 place, bool sleeps);
    bool start(u32 place, Session& session, net::Send asked, Tally& tally);
    void count(Session& session, const Tally& tally);
    void refuse(u32 place, u32 offset, net::Status why);
    void retry_held();
    u32 in_flight_with_peers(u32 place) const;

    u32 link_bits() const { return nic_->info().link_up ? net::LinkBits::up : 0; }
    bool sends_awaited() const;
    void filters_changed();
    void link_changed();
    void publish();
    void check(u32 place);
    Result<> recover();
    void remove_if_done(u32 place);

    N* nic_;
    O* owner_;
    common::Turns turns_;
    u64 ending_ = 0;  // sessions that ended, and have frames at the device
    u32 recoveries_ = 0;
    u32 most_in_flight_ = N::most_sends / 2;  // of one program; 0: nobody's sends are taken
    u32 link_;
    bool more_ = false;  // the device has more than one step moves
    std::optional<Held> held_;
    Totals totals_;
    std::array<std::optional<Session>, max_sessions> sessions_;
};

template <class N, class O>
Result<> Engine<N, O>::step(abi::Bits woken)
{
    Result<> done;
    if (woken.any(abi::Bits::at(interrupt_bit))) {
        const auto changed = nic_->acknowledge();
        if (!changed)
            done = fail(changed.error());
        else if (*changed) [[unlikely]]
            link_changed();
    }
    (void)turns_.wake(woken);
    if (done)
        done = work();
    if (!done) [[unlikely]]
        done = recover();
    publish();
    return done;
}

// Errors: device_fault (a lie).
template <class N, class O>
Result<> Engine<N, O>::work()
{
    for (u32 round = 0; round < rounds_per_step; ++round) {
        if (const auto done = reclaim(); !done)
            return done;
        forward();
        if (const auto done = receive(); !done)
            return done;
        if (const auto done = nic_->settle(); !done)
            return done;
        nic_->kick();
        publish();
        if (more_ || !nic_->arm(sends_awaited()))
            return {};
    }
    more_ = true;
    return {};
}

// ---- what came

template <class N, class O>
Result<> Engine<N, O>::receive()
{
    more_ = false;
    u32 count = 0;
    for (; count < burst; ++count) {
        const auto frame = nic_->receive();
        if (!frame)
            break;
        if (!*frame) [[unlikely]]
            return fail(frame->error());
        arrived(**frame);
        nic_->done(**frame);
    }
    more_ = count == burst;
    return nic_->give_back();
}

template <class N, class O>
[[gnu::always_inline]] inline void Engine<N, O>::arrived(const virtio::net::Frame& frame)
{
    if (frame.drop != virtio::net::Drop::none) [[unlikely]] {
        ++totals_.malformed;
        return;
    }
    ++totals_.received_frames;
    totals_.received_bytes += frame.bytes;
    const auto first = nic_->bytes(frame.pieces[0]);
    if (frame.pieces.size() == 1) [[likely]]
        give_out(frame, std::span{&first, 1});
    else
        gather(frame);
}

template <class N, class O>
[[gnu::noinline]] void Engine<N, O>::gather(const virtio::net::Frame& frame)
{
    std::array<std::span<const std::byte>, virtio::net::max_pieces> pieces;
    usize count = 0;
    for (const auto& piece : frame.pieces)
        pieces[count++] = nic_->bytes(piece);
    give_out(frame, std::span{pieces}.first(count));
}

template <class N, class O>
[[gnu::always_inline]] inline void
Engine<N, O>::give_out(const virtio::net::Frame& frame,
                       std::span<const std::span<const std::byte>> pieces)
{
    const Arrival arrival{
        .pieces = pieces,
        .bytes = frame.bytes,
        .flags = frame.offload.data_valid ? net::ReceivedFlags::checksum_good : 0,
        .csum_start = frame.offload.csum.start,
        .csum_offset = frame.offload.csum.offset,
        .csum_wanted = frame.offload.needs_csum,
    };
    const Keys keys = keys_of(pieces[0]);
    bool wanted = false;
    Turns::each(turns_.open_set(), [&](u32 place) {
        Session& session = *sessions_[place];
        if (!session.match().wants(keys))
            return;
        wanted = true;
        if (session.deliver(arrival)) [[likely]]
            turns_.touch(place);
        else
            check(place);
    });
    totals_.unwanted += wanted ? 0 : 1;
}

// ---- what goes

template <class N, class O>
Result<> Engine<N, O>::reclaim()
{
    u64 touched = 0;
    bool room = false;
    while (const auto tag = nic_->sent()) {
        if (!*tag)
            return fail(tag->error());
        touched |= finish(**tag, net::Status::ok);
        room = true;
    }
    turns_.touch_all(touched);
    if (room)
        turns_.uncap();
    if (held_) [[unlikely]]
        retry_held();
    return {};
}

// The set of the session whose client must be told.
template <class N, class O>
[[gnu::always_inline]] inline u64 Engine<N, O>::finish(u64 tag, net::Status status)
{
    const auto place = static_cast<u32>(Tag::Place::get(tag));
    Session& session = *sessions_[place];
    session.ended();
    totals_.lost_frames += status == net::Status::lost ? 1 : 0;
    if (!session.open()) [[unlikely]] {
        remove_if_done(place);
        return 0;
    }
    session.complete({static_cast<u32>(tag), status});
    return Turns::bit_of(place);
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
    Tally tally;
    const bool more = serve(place, tally);
    if (tally.frames != 0)
        count(*sessions_[place], tally);
    return more;
}

template <class N, class O>
void Engine<N, O>::count(Session& session, const Tally& tally)
{
    session.counts().sent_frames += tally.frames;
    session.counts().sent_bytes += tally.bytes;
    totals_.sent_frames += tally.frames;
    totals_.sent_bytes += tally.bytes;
}

template <class N, class O>
[[gnu::always_inline]] inline bool Engine<N, O>::serve(u32 place, Tally& tally)
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
    for (u32 n = std::min({turn, budget, most_in_flight_ - at_device}); n != 0; --n) {
        const auto asked = session.next();
        if (!asked)
            return rest(place, !session.broken() && session.sleep());
        if (const auto verdict = admit(*asked, session.limits()); verdict != net::Status::ok)
            [[unlikely]]
            refuse(place, asked->offset, verdict);
        else if (!start(place, session, *asked, tally)) [[unlikely]]
            return true;
    }
    return true;
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

// False: the device is full.
template <class N, class O>
[[gnu::always_inline]] inline bool
Engine<N, O>::start(u32 place, Session& session, net::Send asked, Tally& tally)
{
    if ((link_ & net::LinkBits::up) == 0) [[unlikely]] {
        refuse(place, asked.offset, net::Status::link_down);
        return true;
    }
    nic_->prepare(asked, session);
    const auto sent = nic_->send(Tag::make(place, asked.offset), asked, session);
    if (sent) [[likely]] {
        session.started();
        ++tally.frames;
        tally.bytes += std::max(asked.bytes, net::least_wire_bytes);
        return true;
    }
    if (sent.error() == Errc::would_block) {
        session.started();
        held_ = {place, asked};
        return false;
    }
    refuse(place, asked.offset, net::Status::malformed);
    return true;
}

template <class N, class O>
[[gnu::cold, gnu::noinline]] void Engine<N, O>::refuse(u32 place, u32 offset, net::Status why)
{
    Session& session = *sessions_[place];
    ++session.counts().refused_frames;
    ++totals_.refused_frames;
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
    (void)start(place, session, asked, tally);
    count(session, tally);
}

template <class N, class O>
u32 Engine<N, O>::in_flight_with_peers(u32 place) const
{
    u32 sum = sessions_[place]->in_flight();
    Turns::each(turns_.peers(place), [&](u32 peer) { sum += sessions_[peer]->in_flight(); });
    return sum;
}

// ---- sessions and the device

template <class N, class O>
void Engine<N, O>::open(u32 place, const Session& session, u32 program)
{
    sessions_[place] = session;
    sessions_[place]->show_link(link_);
    turns_.open(place, program);
    filters_changed();
}

template <class N, class O>
void Engine<N, O>::set_filter(u32 place, const net::Filter& filter)
{
    sessions_[place]->set_filter(filter, nic_->mac());
    filters_changed();
}

template <class N, class O>
void Engine<N, O>::end(u32 place)
{
    turns_.close(place);
    sessions_[place]->end();
    ending_ |= Turns::bit_of(place);
    filters_changed();
    remove_if_done(place);
}

template <class N, class O>
void Engine<N, O>::remove_if_done(u32 place)
{
    if (sessions_[place]->in_flight() != 0)
        return;
    ending_ &= ~Turns::bit_of(place);
    sessions_[place].reset();
    turns_.remove(place);
    owner_->release(place);
}

// Somebody waits for frames to be out: the device is to interrupt then.
template <class N, class O>
bool Engine<N, O>::sends_awaited() const
{
    bool awaited = held_ || ending_ != 0 || turns_.capped() || most_in_flight_ == 0;
    Turns::each(turns_.open_set(), [&](u32 place) { awaited |= sessions_[place]->awaited(); });
    return awaited;
}

template <class N, class O>
void Engine<N, O>::filters_changed()
{
    Wanted wanted;
    Turns::each(turns_.open_set(), [&](u32 place) { wanted.add(sessions_[place]->filter()); });
    nic_->modes().want(wanted);
    more_ = true;
}

template <class N, class O>
[[gnu::cold, gnu::noinline]] void Engine<N, O>::link_changed()
{
    const u32 changes = (link_ & ~net::LinkBits::up) + net::LinkBits::change;
    link_ = changes | link_bits();
    Turns::each(turns_.open_set(), [this](u32 place) {
        sessions_[place]->show_link(link_);
        owner_->ring(place);
    });
}

// What a session was given, or has been taken from.
template <class N, class O>
void Engine<N, O>::publish()
{
    Turns::each(turns_.take_touched(), [this](u32 place) {
        if (sessions_[place]->publish())
            owner_->ring(place);
    });
}

// A client that broke a ring is shut out.
template <class N, class O>
void Engine<N, O>::check(u32 place)
{
    if (!sessions_[place]->broken()) [[likely]]
        return;
    sessions_[place]->close(Errc::malformed);
    owner_->ring(place);
    end(place);
}

// The device lied or broke down: reset, and nobody knows what became of what it had.
template <class N, class O>
[[gnu::cold, gnu::noinline]] Result<> Engine<N, O>::recover()
{
    sys::note(abi::BlackBox::What::reset, ++recoveries_);
    if (recoveries_ > most_recoveries)
        return fail(Errc::device_fault);
    u64 touched = 0;
    const auto again = nic_->recover([&](u64 tag) { touched |= finish(tag, net::Status::lost); });
    if (!again)
        return again;
    turns_.touch_all(touched);
    turns_.uncap();
    link_changed();
    more_ = true;
    return {};
}

}  // namespace netd
