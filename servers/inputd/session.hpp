// inputd/session.hpp - one client's ring, and what waits for room in it.
//
// Invariant: what waits is either motion, added up, or the news that something was lost; while
// something waits, nothing that is newer goes into the ring before it.
#pragma once

#include "state.hpp"

#include <limits>

#include <base/ring.hpp>

namespace inputd {

// The memory of a session as this server sees it. The client may write `client` at any time.
struct Rings {
    const RingPage& client;
    input::EventPage& page;
    std::span<input::Event> events;
};

// Of all sessions and the device. In the server's page (abi::Statistics), by these names.
inline constexpr std::array<std::string_view, 7> count_names{
    "coalesced", "dropped", "events", "frames", "ignored", "losses", "resets"};
struct Counts {
    u64 coalesced = 0;
    u64 dropped = 0;
    u64 events = 0;
    u64 frames = 0;
    u64 ignored = 0;
    u64 losses = 0;
    u64 resets = 0;
};

class Session {
public:
    // Errors: bad_argument (the ring's size).
    static Result<Session> over(const Rings& rings, u32 types, Counts& counts)
    {
        const auto ring =
            Producer<input::Event>::over(rings.page.produced, rings.client.consumed, rings.events);
        if (!ring)
            return fail(ring.error());
        ring::store_release(rings.page.closed, 0);
        return Session{*ring, rings.page, types, counts};
    }

    void subscribe(u32 types) { types_ = types; }
    // How many events were put into the ring.
    u32 position() const { return ring_.position(); }
    // A ring index that the client cannot have reached honestly.
    bool broken() const { return ring_.broken(); }
    void close(Errc why) { ring::store_release(page_->closed, static_cast<u32>(why)); }

    // A whole frame; `types`: those of its events but SYN_REPORT.
    [[gnu::always_inline]] void deliver(std::span<const input::Event> frame, u32 types)
    {
        if ((types & types_) == 0)
            return;
        if (period_ != abi::Ticks{}) [[unlikely]]
            follow_keys(frame);
        if (!clear_the_way() || ring_.room() < wanted(frame, types)) [[unlikely]]
            return keep(frame);
        for (const auto& event : frame)
            if (wants(event) || event.type == EventType::syn)
                push(event);
    }

    // The client's picture of the device is wrong.
    void lose(abi::Ticks now)
    {
        lost_ = true;
        since_ = now;
        moved_ = {};
        repeated_ = 0;
    }

    // Shows the client what was pushed. True: it sleeps and wants its doorbell.
    [[nodiscard]] bool publish() { return ring_.publish(); }
    // After publish(). True: what waited was pushed, publish again. Otherwise the client rings when
    // there is room, if something waits.
    [[nodiscard]] bool resume() { return waiting() && resume_what_waits(); }

    void set_repeat(abi::Ticks delay, abi::Ticks period)
    {
        delay_ = delay;
        period_ = period;
        repeated_ = 0;
    }
    // When a key repeats next.
    abi::Ticks due() const { return repeated_ != 0 ? due_ : abi::never; }
    // Time has come. A late one is not made up for.
    void repeat(abi::Ticks now)
    {
        if (now < due())
            return;
        const std::array frame{input::Event{now, EventType::key, repeated_, KeyValue::repeated},
                               input::Event{now, EventType::syn, virtio::input::Syn::report, 0}};
        const u64 next = due_.raw() + period_.raw();
        due_ = abi::Ticks{next > now.raw() ? next : now.raw() + period_.raw()};
        deliver(frame, u32{1} << EventType::key);
    }
    void stop_repeating() { repeated_ = 0; }

private:
    static constexpr u16 first_button = 0x100;  // buttons do not repeat, nor what comes after

    struct Motion {
        u32 rel = 0;  // sets of codes
        u64 abs = 0;
        std::array<i32, input::rel_codes> sums{};
        std::array<i32, input::abs_codes> values{};
        bool any() const { return (rel | abs) != 0; }
        u32 size() const { return static_cast<u32>(std::popcount(rel) + std::popcount(abs)); }
    };

    Session(const Producer<input::Event>& ring, input::EventPage& page, u32 types, Counts& counts)
        : ring_{ring}, page_{&page}, types_{types}, counts_{&counts}
    {
    }

    bool wants(const input::Event& event) const
    {
        return event.type != EventType::syn && (types_ >> event.type & 1) != 0;
    }

    // Places that a frame takes.
    usize wanted(std::span<const input::Event> frame, u32 types) const
    {
        if ((types & ~types_) == 0) [[likely]]
            return frame.size();
        return 1 + static_cast<usize>(std::ranges::count_if(frame, [this](const auto& event) {
                   return wants(event);
               }));
    }

    static bool is_motion(const input::Event& event)
    {
        return event.type == EventType::rel
               || (event.type == EventType::abs && event.code < first_slot_axis);
    }
    static bool is_repeat(const input::Event& event)
    {
        return event.type == EventType::key && event.value == KeyValue::repeated;
    }

    void push(const input::Event& event)
    {
        (void)ring_.push(event);  // there was room
    }
    void push_syn(u16 code) { push({since_, EventType::syn, code, 0}); }

    bool waiting() const { return lost_ || moved_.any(); }
    // Room that is worth going on for.
    u32 needed() const { return lost_ ? ring_.size() / 2 : moved_.size() + 1; }

    [[gnu::cold, gnu::noinline]] bool resume_what_waits()
    {
        if (broken() || (ring_.room() < needed() && ring_.arm(needed())))
            return false;
        return !broken() && clear_the_way();
    }

    // Pushes what waits. False: there is no room yet.
    bool clear_the_way() { return !waiting() || push_what_waits(); }
    [[gnu::cold, gnu::noinline]] bool push_what_waits()
    {
        if (ring_.room() < needed())
            return false;
        if (std::exchange(lost_, false)) {
            push_syn(virtio::input::Syn::dropped);
            push_syn(virtio::input::Syn::report);
            return true;
        }
        for (u32 left = moved_.rel; left != 0; left &= left - 1) {
            const auto code = static_cast<u16>(std::countr_zero(left));
            push({since_, EventType::rel, code, moved_.sums[code]});
        }
        for (u64 left = moved_.abs; left != 0; left &= left - 1) {
            const auto code = static_cast<u16>(std::countr_zero(left));
            push({since_, EventType::abs, code, moved_.values[code]});
        }
        push_syn(virtio::input::Syn::report);
        moved_ = {};
        return true;
    }

    // There is no room for it.
    [[gnu::cold, gnu::noinline]] void keep(std::span<const input::Event> frame)
    {
        const auto harmless = [this](const input::Event& event) {
            return !wants(event) || is_motion(event) || is_repeat(event);
        };
        if (lost_ || !std::ranges::all_of(frame, harmless)) {
            ++counts_->dropped;
            if (!lost_)
                lose(frame.back().time);
            return;
        }
        ++counts_->coalesced;
        since_ = frame.back().time;
        for (const auto& event : frame)
            if (wants(event) && is_motion(event))
                add(event);
    }

    void add(const input::Event& event)
    {
        using Limits = std::numeric_limits<i32>;
        if (event.type == EventType::rel) {
            const i64 sum = i64{moved_.sums[event.code]} + event.value;
            moved_.sums[event.code] =
                static_cast<i32>(std::clamp<i64>(sum, Limits::min(), Limits::max()));
            moved_.rel |= u32{1} << event.code;
        } else {
            moved_.values[event.code] = event.value;
            moved_.abs |= u64{1} << event.code;
        }
    }

    // The key pressed last is the one that repeats.
    void follow_keys(std::span<const input::Event> frame)
    {
        for (const auto& event : frame) {
            if (event.type != EventType::key || event.code >= first_button)
                continue;
            if (event.value == KeyValue::pressed) {
                repeated_ = event.code;
                due_ = abi::Ticks{event.time.raw() + delay_.raw()};
            } else if (event.code == repeated_ && event.value == KeyValue::released) {
                repeated_ = 0;
            }
        }
    }

    Producer<input::Event> ring_;
    input::EventPage* page_;
    u32 types_;
    Counts* counts_;
    bool lost_ = false;
    abi::Ticks since_{};  // when what waits happened
    Motion moved_;
    u16 repeated_ = 0;  // key; zero: none
    abi::Ticks delay_{};
    abi::Ticks period_{};
    abi::Ticks due_{};
};

}  // namespace inputd
