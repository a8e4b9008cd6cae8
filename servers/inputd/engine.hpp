// inputd/engine.hpp - takes events from the device, makes frames of them, and gives each session
// what it wants; LEDs the other way.
//
// `step` never waits and never loops without bound. No session waits for another one's client.
#pragma once

#include "session.hpp"

#include <common/turns.hpp>
#include <sys/progress.hpp>
#include <virtio/input.hpp>

namespace inputd {

// The device side (device.hpp; a script in tests): virtio::input::Driver, behind what its interrupt
// needs.
//
//   acknowledge   takes the interrupt back, before drain; fails if the device wants a reset
//   drain         as the driver's
//   recover       resets it
template <class D>
concept InputDevice = requires(D device, u16 led, bool on) {
    { device.acknowledge() } -> std::same_as<Result<>>;
    {
        device.drain([](const virtio::input::Event&) {})
    } -> std::same_as<Result<>>;
    { device.ran_dry() } -> std::same_as<bool>;
    { device.set_led(led, on) } -> std::same_as<Result<>>;
    { device.kick() } -> std::same_as<void>;
    { device.arm() } -> std::same_as<bool>;
    { device.broken() } -> std::same_as<bool>;
    { device.recover() } -> std::same_as<Result<>>;
};

// What the engine cannot do itself: reach clients, and give their memory back.
template <class O>
concept Owner = requires(O owner, u32 session) {
    { owner.ring(session) } -> std::same_as<void>;
    { owner.release(session) } -> std::same_as<void>;
};

template <InputDevice D, class O>
class Engine {
public:
    static constexpr u32 rounds_per_step = 16;  // of buffers; then the server looks at its bits
    static constexpr u32 most_resets = 16;      // of the device, then the server gives up

    // `counts` is where it counts.
    Engine(D& device, O& owner, const Capabilities& can, Counts& counts)
        : device_{&device}, owner_{&owner}, counts_{&counts}, can_{&can}, state_{can}
    {
        static_assert(Owner<O>);  // here, where O is complete: it may hold this engine
    }

    // Whatever woke the server: what came without an interrupt is found too. Errors: those of the
    // device's recovery; device_fault (it lied too often).
    Result<> step(abi::Bits woken, abi::Ticks now)
    {
        now_ = now;
        if (woken.any(abi::Bits::at(common::interrupt_bit)) && !device_->acknowledge())
            if (const auto again = recover(); !again)
                return again;
        if (const auto done = serve_device(); !done)
            return done;
        (void)turns_.wake(woken);
        turns_.touch_all(turns_.take_pending());  // somebody may have made room
        repeat_keys();
        publish();
        return {};
    }

    abi::Ticks next_deadline() const
    {
        abi::Ticks first = hungry_ ? abi::now : abi::never;
        Turns::each(repeaters_,
                    [&](u32 place) { first = std::min(first, sessions_[place]->due()); });
        return first;
    }

    // A place for a new session, if there is one.
    std::optional<u32> vacant() const { return turns_.vacant(); }
    void open(u32 place, const Session& session, u32 program)
    {
        sessions_[place] = session;
        turns_.open(place, program);
    }
    bool is_open(u32 place) const { return turns_.is_open(place); }
    Session& session(u32 place) { return *sessions_[place]; }
    void set_repeat(u32 place, abi::Ticks delay, abi::Ticks period)
    {
        sessions_[place]->set_repeat(delay, period);
        repeaters_ |= Turns::bit_of(place);
    }
    void end(u32 place)
    {
        ungrab(place);
        repeaters_ &= ~Turns::bit_of(place);
        turns_.close(place);
        sessions_[place].reset();
        turns_.remove(place);
        owner_->release(place);
    }

    // Somebody else than `place` has all events.
    bool grabbed_from(std::optional<u32> place) const { return grabber_ && grabber_ != place; }
    void grab(u32 place)
    {
        grabber_ = place;
        Turns::each(others(), [this](u32 other) { sessions_[other]->stop_repeating(); });
    }
    // The others learn that they missed something.
    void ungrab(u32 place)
    {
        if (grabber_ != place)
            return;
        Turns::each(others(), [this](u32 other) { lose(other); });
        grabber_.reset();
        publish();
    }

    // Those of `mask` become as `lit` says; sessions hear of what changed. Errors: as step.
    Result<> set_leds(u32 mask, u32 lit, abi::Ticks now)
    {
        now_ = now;
        const u32 changed = (leds_ ^ lit) & mask;
        leds_ ^= changed;
        leds_unsent_ |= changed | (mask & ~leds_used_);  // nobody knows how the device was left
        leds_used_ |= mask;
        for (u32 left = changed; left != 0; left &= left - 1) {
            const auto code = static_cast<u16>(std::countr_zero(left));
            frame_of_leds_.add(EventType::led, code, (leds_ >> code & 1) != 0 ? 1 : 0);
        }
        if (frame_of_leds_.finish(now, [](const auto&) { return true; }))
            deliver(frame_of_leds_);
        const auto served = serve_device();
        publish();
        return served;
    }

    input::State::Reply snapshot(std::optional<u32> place) const
    {
        input::State::Reply reply{};
        reply.position = place ? sessions_[*place]->position() : 0;
        reply.leds = leds_;
        state_.copy_to(reply);
        return reply;
    }
    // The device repeats keys by itself.
    bool device_repeats() const { return state_.repeats(); }
    Counts& counts() { return *counts_; }

private:
    using Turns = common::Turns;

    // Who gets what the device sends.
    u64 hearers() const { return grabber_ ? Turns::bit_of(*grabber_) : turns_.open_set(); }
    u64 others() const { return turns_.open_set() & ~hearers(); }

    Result<> serve_device()
    {
        hungry_ = false;
        for (u32 round = 0; round < rounds_per_step; ++round) {
            if (!drain() || !send_leds()) {
                if (const auto again = recover(); !again)
                    return again;
                continue;
            }
            device_->kick();
            if (!device_->arm())
                return {};
        }
        hungry_ = true;
        return {};
    }

    // False: the device lied.
    [[gnu::always_inline]] bool drain()
    {
        while (!device_->drain(
            [this] [[gnu::always_inline]] (const auto& event) { take_in(event); })) {
            if (device_->broken())
                return false;
            ++counts_->ignored;
            frame_.spoil();
        }
        if (device_->ran_dry())
            lose_all();
        return true;
    }

    [[gnu::always_inline]] void take_in(const virtio::input::Event& raw)
    {
        ++counts_->events;
        if (raw.type != EventType::syn)
            frame_.add(raw.type, raw.code, static_cast<i32>(raw.value));
        else if (raw.code == virtio::input::Syn::report)
            end_frame();
        else
            frame_.spoil();
    }

    // Only here, where it is whole, a frame changes what is held.
    void end_frame()
    {
        if (frame_.spoiled()) {
            frame_.clear();
            lose_all();
            return;
        }
        const bool any = frame_.finish(now_, [this](input::Event& event) {
            const News news = state_.accept(event);
            counts_->ignored += news == News::unknown ? 1 : 0;
            return news == News::yes;
        });
        if (!any)
            return;
        ++counts_->frames;
        deliver(frame_);
    }

    void deliver(Frame& frame)
    {
        const u64 places = hearers();
        turns_.touch_all(places);
        Turns::each(places,
                    [&](u32 place) { sessions_[place]->deliver(frame.events(), frame.types()); });
        frame.clear();
    }

    void lose(u32 place)
    {
        sessions_[place]->lose(now_);
        turns_.touch(place);
    }

    // Nobody knows any more what is held: nothing is, so that no key stays down for ever.
    void lose_all()
    {
        ++counts_->losses;
        state_.release_all();
        Turns::each(hearers(), [this](u32 place) { lose(place); });
    }

    // False: the device lied.
    bool send_leds()
    {
        while (leds_unsent_ != 0) {
            const auto code = static_cast<u16>(std::countr_zero(leds_unsent_));
            const auto sent = device_->set_led(code, (leds_ >> code & 1) != 0);
            if (!sent)
                return sent.error() == Errc::would_block;
            leds_unsent_ &= leds_unsent_ - 1;
        }
        return true;
    }

    [[gnu::cold, gnu::noinline]] Result<> recover()
    {
        sys::note(abi::BlackBox::What::reset, ++counts_->resets);
        if (counts_->resets > most_resets)
            return fail(Errc::device_fault);
        frame_.clear();
        lose_all();
        leds_unsent_ = leds_used_;
        return device_->recover();
    }

    void repeat_keys()
    {
        Turns::each(repeaters_, [this](u32 place) {
            Session& session = *sessions_[place];
            if (now_ < session.due())
                return;
            if (state_.repeats())
                return session.stop_repeating();
            session.repeat(now_);
            turns_.touch(place);
        });
    }

    void publish()
    {
        Turns::each(turns_.take_touched(), [this](u32 place) {
            if (!turns_.is_open(place))
                return;  // shut meanwhile, when the one that had grabbed was
            Session& session = *sessions_[place];
            do {
                if (session.publish())
                    owner_->ring(place);
            } while (session.resume());
            if (session.broken())
                shut(place);
        });
    }

    // A client that broke its ring.
    [[gnu::cold, gnu::noinline]] void shut(u32 place)
    {
        sessions_[place]->close(Errc::malformed);
        owner_->ring(place);
        end(place);
    }

    D* device_;
    O* owner_;
    Counts* counts_;
    const Capabilities* can_;
    State state_;
    Frame frame_;
    Frame frame_of_leds_;
    Turns turns_;
    u32 leds_ = 0;         // that shall be lit
    u32 leds_used_ = 0;    // that somebody ever set
    u32 leds_unsent_ = 0;  // that the device does not know of yet
    std::optional<u32> grabber_;
    u64 repeaters_ = 0;    // sessions that asked for repeats once
    bool hungry_ = false;  // the device has more
    abi::Ticks now_{};     // of the running step
    std::array<std::optional<Session>, common::max_sessions> sessions_;
};

}  // namespace inputd
