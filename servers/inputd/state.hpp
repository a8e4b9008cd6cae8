// inputd/state.hpp - what is held, where axes are; and with that, which events of the device are
// news. Pure.
#pragma once

#include "capabilities.hpp"

#include <algorithm>

namespace inputd {

// From here on an axis is of a device with several contacts: its value belongs to a slot, so two
// events of it cannot be told apart, or made into one.
inline constexpr u16 first_slot_axis = 0x2f;

struct KeyValue {
    static constexpr i32 released = 0;
    static constexpr i32 pressed = 1;
    static constexpr i32 repeated = 2;
};

enum class News : u8 { yes, no, unknown };  // unknown: the device never said that it may send this

class State {
public:
    explicit State(const Capabilities& can) : can_{&can} {}

    // Takes an event in. Its value is brought into the range of its axis.
    [[gnu::always_inline]] News accept(input::Event& event)
    {
        if (!can_->has(event.type, event.code) || event.type == EventType::led)
            return News::unknown;
        switch (event.type) {
        case EventType::key:
            return key(event.code, event.value);
        case EventType::rel:
            return event.value != 0 ? News::yes : News::no;
        case EventType::abs:
            return axis(event);
        default:
            return News::yes;
        }
    }

    bool held(u32 code) const { return (keys_[code / 8] >> code % 8 & 1) != 0; }
    void release_all() { keys_.fill(0); }
    // The device repeats keys by itself.
    bool repeats() const { return repeats_; }

    void copy_to(input::State::Reply& reply) const
    {
        reply.keys = keys_;
        reply.axes = axes_;
    }

private:
    News key(u32 code, i32 value)
    {
        if (value < KeyValue::released || value > KeyValue::repeated)
            return News::unknown;
        if (value == KeyValue::repeated) {
            repeats_ = true;
            return held(code) ? News::yes : News::no;
        }
        if (held(code) == (value == KeyValue::pressed))
            return News::no;
        keys_[code / 8] = static_cast<u8>(keys_[code / 8] ^ 1 << code % 8);
        return News::yes;
    }

    News axis(input::Event& event)
    {
        const auto& range = can_->axes[event.code];
        event.value = std::clamp(event.value, range.min, range.max);
        const u64 bit = u64{1} << event.code;
        const bool known = (known_ & bit) != 0 && event.code < first_slot_axis;
        if (known && axes_[event.code] == event.value)
            return News::no;
        known_ |= bit;
        axes_[event.code] = event.value;
        return News::yes;
    }

    const Capabilities* can_;
    std::array<u8, input::key_codes / 8> keys_{};
    std::array<i32, input::abs_codes> axes_{};
    u64 known_ = 0;  // axes
    bool repeats_ = false;
};

// What the device sent since the last SYN_REPORT.
class Frame {
public:
    // A part is missing, or it is too long.
    bool spoiled() const { return spoiled_; }
    void spoil() { spoiled_ = true; }
    void add(u16 type, u16 code, i32 value)
    {
        if (size_ + 1 < events_.size()) [[likely]]
            events_[size_++] = {{}, type, code, value};
        else
            spoil();
    }

    // Leaves out those for which keep(event), which may change it, is false; all get this time, and
    // SYN_REPORT comes behind them. False: nothing is left, it is clear.
    template <class Keep>
    bool finish(abi::Ticks time, Keep keep)
    {
        usize kept = 0;
        types_ = 0;
        for (usize at = 0; at < size_; ++at) {
            input::Event event = events_[at];
            if (!keep(event))
                continue;
            event.time = time;
            types_ |= u32{1} << event.type;
            events_[kept++] = event;
        }
        size_ = kept;
        if (kept != 0)
            events_[size_++] = {time, EventType::syn, virtio::input::Syn::report, 0};
        return kept != 0;
    }
    std::span<const input::Event> events() const { return std::span{events_}.first(size_); }
    // Of the events, but for SYN_REPORT: bit n, type n.
    u32 types() const { return types_; }
    void clear()
    {
        size_ = 0;
        spoiled_ = false;
    }

private:
    std::array<input::Event, input::max_frame> events_{};
    usize size_ = 0;
    u32 types_ = 0;
    bool spoiled_ = false;
};

}  // namespace inputd
