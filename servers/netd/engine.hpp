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

// Of all sessions, those included that ended. In the server's page (abi::Statistics), by these
// names.
inline constexpr std::array<std::string_view, 8> total_names{
    "received_frames", "received_bytes", "unwanted",    "malformed",
    "sent_frames",     "sent_bytes",     "lost_frames", "refused_frames"};
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
    static constexpr u32 batch = 64;            // of frames that are out, taken back together
    static constexpr u32 most_patience = 32;    // frames at the device that nobody asks for
    static constexpr u32 rounds_per_step = 16;  // of looking again at a device that goes on
    static constexpr u32 most_recoveries = 16;  // of the device, then the server gives up

    // `totals` is where it counts.
    Engine(N& nic, O& owner, Totals& totals)
        : nic_{&nic}, owner_{&owner}, totals_{&totals}, link_{link_bits()}
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
    // Frames of it are at the device, which is asked.
    bool busy(u32 place);
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

    const Totals& totals() const { return *totals_; }
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
    Result<> receive_others();
    u32 harvest(u32 most);
    u32 hand_over(u32 place, u32 most);
    u32 give_out(std::span<const Plain> frames);
    void count_received(u32 frames, u64 bytes, u64 wanted);
    void arrived(const virtio::net::Frame& frame);
    void give_out(const Arrival& arrival);

    Result<> take_back() { return nic_->has_sent() ? reclaim() : Result<>{}; }
    Result<> reclaim();
    bool finish_some(u32& place);
    u32 finish(u64 tag, net::Status status);

    void forward();
    void note_waiting(u32 place);
    bool serve(u32 place);
    u32 serve_plain(u32 place, Session& session, u32 most);
    void serve(u32 place, Session& session, const net::Send& asked);
    bool rest(u32 place, bool sleeps);
    void start(u32 place, Session& session, net::Send asked, Tally& tally);
    void count(Session& session, const Tally& tally);
    void refuse(u32 place, u32 offset, net::Status why);
    void retry_held();
    u32 in_flight_with_peers(u32 place) const;

    u32 link_bits() const { return nic_->info().link_up ? net::LinkBits::up : 0; }
    bool sends_awaited() const
    {
        return waiting_ != 0 || held_ || ending_ != 0 || turns_.capped() || most_in_flight_ == 0;
    }
    void sessions_changed();
    void filters_changed();
    void link_changed();
    void publish();
    void check(u32 place);
    Result<> recover();
    void remove_if_done(u32 place);

    N* nic_;
    O* owner_;
    Totals* totals_;
    common::Turns turns_;
    u64 ending_ = 0;   // sessions that ended, and have frames at the device
    u64 waiting_ = 0;  // whose clients sleep until a frame of theirs is out
    u32 patience_ = most_patience;
    u32 last_sent_ = 0;  // whose frames came back last
    u32 recoveries_ = 0;
    u32 most_in_flight_ = N::most_sends / 2;  // of one program; 0: nobody's sends are taken
    u32 link_;
    bool more_ = false;  // the device has more than one step moves
    bool lied_ = false;  // the device, between two steps
    std::optional<Held> held_;
    std::array<std::optional<Session>, max_sessions> sessions_;
    std::array<Plain, burst> plain_;
};

template <class N, class O>
Result<> Engine<N, O>::step(abi::Bits woken)
{
    Result<> done;
    if (woken.any(abi::Bits::at(interrupt_bit))) {
        const auto changed = nic_->acknowledge();
        if (!changed) [[unlikely]]
            done = fail(changed.error());
        else if (*changed) [[unlikely]]
            link_changed();
    }
    (void)turns_.wake(woken);
    if (std::exchange(lied_, false)) [[unlikely]]
        done = fail(Errc::device_fault);
    if (done) [[likely]]
        done = work();
    if (!done) [[unlikely]] {
        done = recover();
        publish();
    }
    return done;
}

// What came is taken only if the device may not interrupt for it, or did not. Frames that are out
// are taken back when somebody waits for that, or when they are so many that a client could come to
// wait: together, they cost less. Those that came back since a frame found the device full are left
// to arm(): it sees them, and the frame is tried again. Errors: device_fault (a lie).
template <class N, class O>
Result<> Engine<N, O>::work()
{
    for (u32 round = 0; round < rounds_per_step; ++round) {
        more_ = false;
        if (nic_->sending() >= patience_ || held_)
            if (const auto done = take_back(); !done) [[unlikely]]
                return done;
        if (held_) [[unlikely]]
            retry_held();
        forward();
        const bool awaited = sends_awaited();
        if (!held_ && (awaited || nic_->sending() >= patience_))
            if (const auto done = take_back(); !done) [[unlikely]]
                return done;
        nic_->look();
        if (!nic_->listening())
            if (const auto done = receive(); !done) [[unlikely]]
                return done;
        if (const auto done = nic_->settle(); !done) [[unlikely]]
            return done;
        nic_->kick();
        publish();
        if (more_ || (nic_->listening() && !awaited) || !nic_->arm(awaited && sends_awaited()))
            return {};
    }
    more_ = true;
    return {};
}

template <class N, class O>
void Engine<N, O>::open(u32 place, const Session& session, u32 program)
{
    sessions_[place] = session;
    sessions_[place]->show_link(link_);
    turns_.open(place, program);
    sessions_changed();
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
    waiting_ &= ~Turns::bit_of(place);
    sessions_changed();
    remove_if_done(place);
}

// A lie is left for the next step.
template <class N, class O>
bool Engine<N, O>::busy(u32 place)
{
    if (sessions_[place]->in_flight() != 0) {
        lied_ |= !reclaim();
        more_ = true;
    }
    return sessions_[place]->in_flight() != 0;
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

template <class N, class O>
void Engine<N, O>::sessions_changed()
{
    patience_ = std::clamp(nic_->capacity() / 2, 1U, most_patience);
    Turns::each(turns_.open_set(), [this](u32 place) {
        patience_ = std::min(patience_, std::max(sessions_[place]->completions().size() / 2, 1U));
    });
    filters_changed();
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
[[gnu::always_inline]] inline void Engine<N, O>::publish()
{
    Turns::each(turns_.take_touched(), [this] [[gnu::always_inline]] (u32 place) {
        if (sessions_[place]->publish())
            owner_->ring(place);
        if (waiting_ != 0)
            note_waiting(place);
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

// The device lied or broke down: reset, and nobody knows what became of what it had and had not
// said to be out. A lie about that is one more reason for the reset.
template <class N, class O>
[[gnu::cold, gnu::noinline]] Result<> Engine<N, O>::recover()
{
    sys::note(abi::BlackBox::What::reset, ++recoveries_);
    if (recoveries_ > most_recoveries)
        return fail(Errc::device_fault);
    (void)take_back();
    const auto again = nic_->recover([this](u64 tag) { (void)finish(tag, net::Status::lost); });
    if (!again)
        return again;
    turns_.uncap();
    link_changed();
    more_ = true;
    return {};
}

}  // namespace netd

#include "engine_receive.hpp"
#include "engine_send.hpp"
