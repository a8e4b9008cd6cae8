// input/channel.hpp - the ring of an input session, client side, and what is held according to it.
// Pure: it makes no calls.
//
// After SYN_DROPPED the events up to the server's next snapshot are skipped, and what the program
// believes is brought in line by events that are made up here: a frame of keys, LEDs and axes, with
// SYN_REPORT.
#pragma once

#include <optional>

#include <base/ring.hpp>
#include <proto/input.hpp>

namespace input {

using proto::input::Event;
using State = proto::input::State::Reply;

// Linux's numbers, as far as this library needs them.
struct Type {
    static constexpr u16 syn = 0x00;
    static constexpr u16 key = 0x01;
    static constexpr u16 rel = 0x02;
    static constexpr u16 abs = 0x03;
    static constexpr u16 led = 0x11;
};
struct Syn {
    static constexpr u16 report = 0;
    static constexpr u16 dropped = 3;
};
inline constexpr u32 all_types = proto::input::all_types;
constexpr u32 type_bit(u16 type) { return u32{1} << type; }

class Channel {
public:
    // `client` is the program's own page; the ring begins anew. Errors: bad_argument (its size).
    Result<>
    open(RingPage& client, const proto::input::EventPage& server, std::span<const Event> events)
    {
        const auto ring = Consumer<Event>::over(client.consumed, server.produced, events);
        if (!ring)
            return fail(ring.error());
        ring_ = *ring;
        server_ = &server;
        taken_ = 0;
        lost_ = Errc::ok;
        settle();
        return {};
    }

    // What is wanted: nothing else is made up.
    void subscribe(u32 types) { types_ = types; }

    // The next event. None: sleep, unless stale().
    [[gnu::always_inline]] std::optional<Event> poll()
    {
        return usual_ ? take() : poll_otherwise();
    }

    // The program's picture is wrong: ask the server for its State, then refresh().
    bool stale() const { return stale_; }
    void refresh(const State& state, abi::Ticks now)
    {
        stale_ = false;
        if (skip_to(state.position))
            begin_sync(state, now);
        settle();
    }
    // The server does not tell: nothing is held.
    void refresh_blindly(abi::Ticks now)
    {
        stale_ = false;
        State state = believed_;
        state.keys = {};
        begin_sync(state, now);
        settle();
    }
    // At the beginning: no event tells of what is held already.
    void adopt(const State& state)
    {
        if (skip_to(state.position))
            believed_ = state;
    }
    // Another server has the session now, and the ring began anew: the program is told as if it had
    // lost events.
    void restart(abi::Ticks now)
    {
        when_ = now;
        restarting_ = 2;
        usual_ = false;
    }

    // True: the server sleeps until there is room, and wants its doorbell.
    [[nodiscard]] bool release() { return ring_ && ring_->release_and_check(); }

    // Before sleeping on the doorbell. False: there is something to poll, or lost().
    [[nodiscard]] bool arm()
    {
        if (!usual_ || !ring_->arm())
            return false;
        if (const u32 closed = ring::load_acquire(server_->closed); closed != 0)
            lose(static_cast<Errc>(closed));
        return lost_ == Errc::ok;
    }

    void lose(Errc why)
    {
        if (lost_ == Errc::ok)
            lost_ = why == Errc::ok ? Errc::malformed : why;
        usual_ = false;
    }
    Errc lost() const { return lost_; }

    // As the program was told.
    bool held(u32 key) const { return key < proto::input::key_codes && bit(believed_.keys, key); }

private:
    using Keys = std::array<u8, proto::input::key_codes / 8>;

    void settle()
    {
        usual_ = ring_ && restarting_ == 0 && !syncing_ && !stale_ && lost_ == Errc::ok;
    }

    // The next event of the ring.
    [[gnu::always_inline]] std::optional<Event> take()
    {
        const auto event = ring_->pop();
        if (!event) {
            if (event.error() != Errc::would_block)
                lose(event.error());
            return std::nullopt;
        }
        ++taken_;
        if (event->type != Type::syn)
            follow(*event);
        else if (event->code != Syn::dropped) [[likely]]
            end_frame();
        else
            gap_ = true;
        return *event;
    }
    [[gnu::cold, gnu::noinline]] std::optional<Event> poll_otherwise()
    {
        std::optional<Event> event;
        if (restarting_ != 0)
            event = next_of_restart();
        else if (syncing_)
            event = next_difference();
        settle();
        return !event && usual_ ? take() : event;
    }

    // Room for the server, which is rung when this side sleeps, if at all.
    void end_frame()
    {
        ring_->release();
        if (!gap_) [[likely]]
            return;
        gap_ = false;
        stale_ = true;
        usual_ = false;
    }

    static bool bit(const Keys& keys, u32 code) { return (keys[code / 8] >> code % 8 & 1) != 0; }

    // One that the server did not announce changes nothing here.
    void follow(const Event& event)
    {
        if (event.type == Type::key && event.code < proto::input::key_codes) {
            const u32 bit = u32{1} << event.code % 8;
            u8& keys = believed_.keys[event.code / 8];
            keys = static_cast<u8>(event.value != 0 ? keys | bit : keys & ~bit);
        } else if (event.type == Type::abs && event.code < proto::input::abs_codes) {
            believed_.axes[event.code] = event.value;
        } else if (event.type == Type::led && event.code < proto::input::led_codes) {
            const u32 bit = u32{1} << event.code;
            believed_.leds = event.value != 0 ? believed_.leds | bit : believed_.leds & ~bit;
        }
    }

    std::optional<Event> next_of_restart()
    {
        const bool first = restarting_-- == 2;
        stale_ = !first;
        return Event{when_, Type::syn, first ? Syn::dropped : Syn::report, 0};
    }

    void begin_sync(const State& target, abi::Ticks now)
    {
        target_ = target;
        when_ = now;
        syncing_ = true;
        cursor_ = 0;
        differences_ = 0;
    }

    // What is in the snapshot already. False: the server cannot have put so much in.
    bool skip_to(u32 position)
    {
        for (; taken_ != position; ++taken_)
            if (!ring_ || !ring_->pop()) {
                lose(Errc::malformed);
                return false;
            }
        gap_ = false;
        return true;
    }

    // Keys, then LEDs, then axes, then the end.
    std::optional<Event> next_difference()
    {
        constexpr u32 first_led = proto::input::key_codes;
        constexpr u32 first_axis = first_led + proto::input::led_codes;
        constexpr u32 end = first_axis + proto::input::abs_codes;
        for (; cursor_ < end; ++cursor_) {
            const auto event = cursor_ < first_led    ? key_difference(cursor_)
                               : cursor_ < first_axis ? led_difference(cursor_ - first_led)
                                                      : axis_difference(cursor_ - first_axis);
            if (!event || (types_ & type_bit(event->type)) == 0)
                continue;
            ++cursor_;
            ++differences_;
            follow(*event);
            return event;
        }
        syncing_ = false;
        if (differences_ == 0)
            return std::nullopt;
        return Event{when_, Type::syn, Syn::report, 0};
    }

    std::optional<Event> key_difference(u32 code) const
    {
        if (bit(believed_.keys, code) == bit(target_.keys, code))
            return std::nullopt;
        return Event{when_, Type::key, static_cast<u16>(code), bit(target_.keys, code) ? 1 : 0};
    }
    std::optional<Event> led_difference(u32 code) const
    {
        if (((believed_.leds ^ target_.leds) >> code & 1) == 0)
            return std::nullopt;
        return Event{when_, Type::led, static_cast<u16>(code), (target_.leds >> code & 1) != 0};
    }
    std::optional<Event> axis_difference(u32 code) const
    {
        if (believed_.axes[code] == target_.axes[code])
            return std::nullopt;
        return Event{when_, Type::abs, static_cast<u16>(code), target_.axes[code]};
    }

    std::optional<Consumer<Event>> ring_;
    const proto::input::EventPage* server_ = nullptr;
    bool usual_ = false;  // open, and the ring says what is next
    u32 types_ = all_types;
    u32 taken_ = 0;         // events of the ring
    Errc lost_ = Errc::ok;  // why the session is over
    bool gap_ = false;      // within the frame that has SYN_DROPPED
    bool stale_ = false;
    u32 restarting_ = 0;  // events that tell of it
    bool syncing_ = false;
    u32 cursor_ = 0;
    u32 differences_ = 0;
    abi::Ticks when_{};
    State target_{};
    State believed_{};
};

}  // namespace input
