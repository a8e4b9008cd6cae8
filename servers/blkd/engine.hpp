// blkd/engine.hpp - moves requests from the sessions' rings to the disk, and what became of them
// back.
//
// `step` never waits and never loops without bound. Sessions take turns, a few requests each,
// starting after the one served last; a program has at most as many units at the device as half of
// the disk's slots, all its sessions together, and what one request goes beyond. A unit is a
// request, or unit_sectors of one: so another program always finds a slot, and waits for few bytes.
//
// A session that ended (detached, badge gone, closed for a broken ring) stays until its last
// request came back from the device; only then its memory is let go.
#pragma once

#include "disk_concept.hpp"

#include <common/turns.hpp>
#include <sys/progress.hpp>

namespace blkd {

using common::doorbell_bits;
using common::doorbell_of;
using common::interrupt_bit;
using common::max_sessions;

// What the engine cannot do itself: reach clients, and give their memory back.
template <class O>
concept Owner = requires(O owner, u32 session) {
    { owner.ring(session) } -> std::same_as<void>;
    { owner.release(session) } -> std::same_as<void>;
};

template <Disk D, class O>
class Engine {
public:
    static constexpr u32 turn = 16;             // submissions of one session before the next one's
    static constexpr u32 turns_per_step = 64;   // then the server looks at its bits and calls again
    static constexpr u32 most_recoveries = 16;  // of the device, then the server gives up

    Engine(D& disk, O& owner)
        : disk_{&disk}, owner_{&owner}, most_in_flight_{std::max(disk.slots() / 2, u32{1})}
    {
        static_assert(Owner<O>);  // here, where O is complete: it may hold this engine
    }

    // Moves every request one step on. Errors: those of the device's recovery; device_fault (it
    // lied too often).
    [[gnu::always_inline]] Result<> step(abi::Bits woken)
    {
        if (woken.any(abi::Bits::at(interrupt_bit)))
            if (const auto finished = finish(); !finished)
                return finished;
        const u64 rung = turns_.wake(woken);
        const bool sent = turns_.pending() && forward();
        // A client rings for nothing when a request of its is late: an interrupt may be lost.
        if (!sent && rung != 0) [[unlikely]]
            if (const auto found = look(); !found)
                return found;
        publish();
        return {};
    }

    // Of the device, because it lied or broke down.
    u32 resets() const { return recoveries_; }

    // There is more to do at once: do not sleep.
    bool hungry() const { return turns_.pending() && !held_ && disk_->room(); }

    // A place for a new session, if there is one.
    std::optional<u32> vacant() const { return turns_.vacant(); }

    // `program`: whose it is.
    void open(u32 place, const Session& session, u32 program)
    {
        sessions_[place] = session;
        turns_.open(place, program);
    }

    bool is_open(u32 place) const { return turns_.is_open(place); }
    u32 in_flight(u32 place) const { return sessions_[place]->in_flight(); }
    u32 share(u32 place) const { return sessions_[place]->share(); }

    // Nothing of the session is served any more; its memory goes once nothing of it is at the
    // device.
    void end(u32 place)
    {
        turns_.close(place);
        sessions_[place]->end();
        remove_if_done(place);
    }

    // Takes no more submissions; what was taken is ended as ever.
    void leave() { most_in_flight_ = 0; }
    bool idle() const
    {
        return std::ranges::none_of(
            sessions_, [](const auto& each) { return each && each->in_flight() != 0; });
    }

    // It was idle, and this is its end.
    void left()
    {
        Turns::each(turns_.open_set(), [&](u32 place) { sessions_[place]->show_left(); });
    }

    // The disk's cache is on now, or off. Nobody knows what that means for a write that the device
    // has (virtio 1.2, 5.2.6.2).
    void cache_switched() { in_doubt_ = in_doubt_ || !idle(); }

    // The disk changed its size: whom it concerns is rung.
    void resize(block::Sector capacity)
    {
        Turns::each(turns_.open_set(), [&](u32 place) {
            if (sessions_[place]->resize(capacity))
                owner_->ring(place);
        });
    }

private:
    using Turns = common::Turns;

    // A request that was taken off its ring and found the disk full.
    struct Held {
        u64 tag;
        block::Submission asked;
    };

    // engine_completions.hpp
    Result<> finish();
    Result<> look();
    bool drain();
    u64 finish(u64 tag, block::Status status);
    u64 finish_marked(u64 tag, block::Status status);
    u64 finish_write(u64 tag, block::Status status);
    Result<> recover();
    void publish();
    void remove_if_done(u32 place);

    // engine_submissions.hpp
    bool forward();
    bool serve(u32 place);
    bool take(u32 place, Session& session, u32 most);
    bool rest(u32 place, bool sleeps);
    bool look_again(u32 place);
    void shut(u32 place);
    u32 room_of(u32 place, const Session& session) const;
    u32 share_with_peers(u32 place) const;
    void answer(u32 place, u32 cookie, block::Status status);
    bool start_unusual(u32 place, Session& session, block::Submission asked);
    bool start(u32 place, Session& session, block::Submission& asked, u64 marks);
    bool start_heavy(u32 place, Session& session, block::Submission& asked);
    bool start_rare(u32 place, Session& session, const block::Submission& asked);
    bool not_sent(u64 tag, const block::Submission& asked, Errc why);
    void retry_held();

    D* disk_;
    O* owner_;
    Turns turns_;
    u32 most_in_flight_;  // units of one program; 0: nobody's submissions are taken
    u32 recoveries_ = 0;
    std::optional<Held> held_;
    bool in_doubt_ = false;   // the cache was switched under requests: each write_fua is flushed
    bool just_held_ = false;  // by a doorbell, which was not for nothing then
    std::array<std::optional<Session>, max_sessions> sessions_;
};

}  // namespace blkd

#include "engine_completions.hpp"
#include "engine_submissions.hpp"
