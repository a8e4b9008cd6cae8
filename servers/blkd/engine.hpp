// blkd/engine.hpp - moves requests from the sessions' rings to the disk, and what became of them
// back.
//
// `step` never waits and never loops without bound. Sessions take turns, a few requests each,
// starting after the one served last; a program has at most half of the disk's slots, all its
// sessions together, so that another one always finds some.
//
// A session that ended (detached, badge gone, closed for a broken ring) stays until its last
// request came back from the device; only then its memory is let go.
#pragma once

#include "session.hpp"

#include <common/turns.hpp>
#include <sys/progress.hpp>

namespace blkd {

using common::doorbell_bits;
using common::doorbell_of;
using common::interrupt_bit;
using common::max_sessions;

// How a request ended at the device.
struct Ended {
    u64 tag;  // as given to submit
    block::Status status;
};

// The device side (disk.hpp; a script in tests).
//
//   slots         requests that it can have at once
//   room          one more may be prepared
//   submit, kick  prepare a request (would_block: something must end first); show all to the
//   device,
//                 which is told (true) unless there is nothing, or it looks by itself
//   acknowledge   takes the interrupt back, before take
//   take, arm     a request that came back; before sleeping, true: take again first
//   recover       resets, and tells the tags that were lost
//   flushes       a flush has something to do
template <class D>
concept Disk = requires(D disk, u64 tag, const block::Submission& asked, const BufferMap& buffer) {
    { disk.slots() } -> std::convertible_to<u32>;
    { disk.room() } -> std::same_as<bool>;
    { disk.submit(tag, asked, buffer) } -> std::same_as<Result<>>;
    { disk.kick() } -> std::same_as<bool>;
    { disk.acknowledge() } -> std::same_as<Result<>>;
    { disk.take() } -> std::same_as<std::optional<Result<Ended>>>;
    { disk.arm() } -> std::same_as<bool>;
    {
        disk.recover([](u64) {})
    } -> std::same_as<Result<>>;
    { disk.flushes() } -> std::same_as<bool>;
};

// A request at the device is known by its session and the client's cookie; nothing else of it is
// kept.
struct Tag {
    using Place = Field<63, 32>;

    static constexpr u64 make(u32 place, u32 cookie) { return u64{place} << 32 | cookie; }
};

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
    Result<> step(abi::Bits woken)
    {
        if (woken.any(abi::Bits::at(interrupt_bit)))
            if (const auto finished = finish(); !finished)
                return finished;
        const u64 rung = turns_.wake(woken);
        if (turns_.pending())
            forward();
        const bool sent = disk_->kick();
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

    // The disk changed its size.
    void resize(block::Sector capacity)
    {
        Turns::each(turns_.open_set(),
                    [&](u32 place) { sessions_[place]->limits().capacity = capacity; });
    }

private:
    using Turns = common::Turns;

    // A request that was taken off its ring and found the disk full.
    struct Held {
        u64 tag;
        block::Submission asked;
    };

    // Takes back all that the device finished, including what it finishes while we look.
    [[gnu::always_inline]] Result<> finish()
    {
        if (const auto sane = disk_->acknowledge(); !sane)
            return recover();
        do {
            if (!drain())
                return recover();
        } while (disk_->arm());
        turns_.uncap();
        if (held_) [[unlikely]]
            retry_held();
        return {};
    }

    [[gnu::cold, gnu::noinline]] Result<> look()
    {
        if (std::exchange(just_held_, false))
            return {};
        const auto found = finish();
        (void)disk_->kick();
        return found;
    }

    // False: the device lied.
    [[gnu::always_inline]] bool drain()
    {
        D& disk = *disk_;
        u64 touched =
            0;  // kept out of memory, which this loop writes to: it would be loaded again each time
        bool honest = true;
        while (const auto ended = disk.take()) {
            if (!*ended) [[unlikely]] {
                honest = false;
                break;
            }
            touched |= finish((*ended)->tag, (*ended)->status);
        }
        turns_.touch_all(touched);
        return honest;
    }

    // The set of the session whose client must be told.
    [[gnu::always_inline]] u64 finish(u64 tag, block::Status status)
    {
        const auto place = static_cast<u32>(Tag::Place::get(tag));
        Session& session = *sessions_[place];
        session.ended();
        if (!session.open()) [[unlikely]] {
            remove_if_done(place);
            return 0;
        }
        session.complete({static_cast<u32>(tag), status});
        return Turns::bit_of(place);
    }

    // The device lied or broke down: reset, and what it had has failed.
    [[gnu::cold, gnu::noinline]] Result<> recover()
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

    [[gnu::always_inline]] void forward()
    {
        for (u32 turns = 0; turns < turns_per_step && hungry(); ++turns) {
            const u32 place = turns_.next();
            if (!serve(place))
                turns_.rest(place);
        }
    }

    // One turn of one session. True: it may have more.
    bool serve(u32 place)
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
            const auto asked = session.next();
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
    [[gnu::always_inline]] bool rest(u32 place, bool sleeps)
    {
        if (!sessions_[place]->broken()) [[likely]]
            return !sleeps;
        shut(place);
        return false;
    }

    // A client that broke its ring.
    [[gnu::cold, gnu::noinline]] void shut(u32 place)
    {
        sessions_[place]->close(Errc::malformed);
        owner_->ring(place);
        end(place);
    }

    [[gnu::noinline]] u32 in_flight_with_peers(u32 place) const
    {
        u32 sum = sessions_[place]->in_flight();
        Turns::each(turns_.peers(place), [&](u32 peer) { sum += sessions_[peer]->in_flight(); });
        return sum;
    }

    // A request that does not get to the device.
    [[gnu::cold, gnu::noinline]] void answer(u32 place, u32 cookie, block::Status status)
    {
        sessions_[place]->complete({cookie, status});
        turns_.touch(place);
    }

    // False: the disk is full.
    [[gnu::always_inline]] bool start(u32 place, Session& session, const block::Submission& asked)
    {
        if (asked.op == block::Op::flush && !disk_->flushes()) [[unlikely]] {
            answer(place, asked.cookie, block::Status::ok);
            return true;
        }
        session.started();
        const u64 tag = Tag::make(place, asked.cookie);
        const auto sent = disk_->submit(tag, asked, session.buffer());
        return sent || not_sent(tag, block::Submission{asked}, sent.error());
    }

    // False: only because the disk is full.
    [[gnu::cold, gnu::noinline]] bool not_sent(u64 tag, const block::Submission& asked, Errc why)
    {
        if (why == Errc::would_block) {
            held_ = {tag, asked};
            just_held_ = true;
            return false;
        }
        // The disk shrank since, or the driver found what admit does not know.
        turns_.touch_all(finish(tag, why == Errc::out_of_range ? block::Status::out_of_range
                                                               : block::Status::device_error));
        return true;
    }

    [[gnu::cold, gnu::noinline]] void retry_held()
    {
        const auto [tag, asked] = *std::exchange(held_, std::nullopt);
        const auto place = static_cast<u32>(Tag::Place::get(tag));
        if (!turns_.is_open(place))
            turns_.touch_all(finish(tag, block::Status::device_error));
        else if (const auto sent = disk_->submit(tag, asked, sessions_[place]->buffer()); !sent)
            (void)not_sent(tag, asked, sent.error());
    }

    // What a session was given or has been taken from. That submissions were taken its client
    // learns with the completion of one: before that it may not have more anyway.
    [[gnu::always_inline]] void publish()
    {
        Turns::each(turns_.take_touched(), [this](u32 place) {
            if (sessions_[place]->publish())
                owner_->ring(place);
        });
    }

    void remove_if_done(u32 place)
    {
        if (sessions_[place]->in_flight() != 0)
            return;
        sessions_[place].reset();
        turns_.remove(place);
        owner_->release(place);
    }

    D* disk_;
    O* owner_;
    Turns turns_;
    u32 most_in_flight_;  // of one program; 0: nobody's submissions are taken
    u32 recoveries_ = 0;
    std::optional<Held> held_;
    bool just_held_ = false;  // by a doorbell, which was not for nothing then
    std::array<std::optional<Session>, max_sessions> sessions_;
};

}  // namespace blkd
