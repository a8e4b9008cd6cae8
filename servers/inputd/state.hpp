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
    News accept(input::Event& event)
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
    bool empty() const { return size_ == 0; }
    // A part is missing, or it is too long.
    bool spoiled() const { return spoiled_; }
    void spoil() { spoiled_ = true; }
    void add(const input::Event& event)
    {
        if (size_ + 1 < events_.size())
            events_[size_++] = event;
        else
            spoil();
    }

    // Leaves out those for which keep(event), which may change it, is false.
    template <class Keep>
    void sift(Keep keep)
    {
        usize kept = 0;
        for (input::Event& event : std::span{events_}.first(size_))
            if (keep(event))
                events_[kept++] = event;
        size_ = kept;
    }

    // Whole, with SYN_REPORT.
    std::span<const input::Event> end(abi::Ticks time)
    {
        events_[size_++] = {time, EventType::syn, virtio::input::Syn::report, 0};
        const auto all = std::span{events_}.first(size_);
        for (auto& event : all)
            event.time = time;
        return all;
    }
    void clear()
    {
        size_ = 0;
        spoiled_ = false;
    }

private:
    std::array<input::Event, input::max_frame> events_{};
    usize size_ = 0;
    bool spoiled_ = false;
};

}  // namespace inputd
