// inputd/capabilities.hpp - what a device says that it is and can send. What it says wrongly it
// does not have.
#pragma once

#include <proto/input.hpp>
#include <virtio/input_config.hpp>

namespace inputd {

namespace input = proto::input;
using virtio::input::EventType;

struct Capabilities {
    input::Class device_class = input::Class::other;
    virtio::input::Text name;
    virtio::input::Text serial;
    virtio::input::Ids ids{};
    u32 types = 0;
    std::array<virtio::input::Bitmap, input::type_count> codes{};
    std::array<virtio::input::AbsInfo, input::abs_codes> axes{};
    u64 axis_codes = 0;

    static constexpr u32 code_limit(u32 type)
    {
        switch (type) {
        case EventType::key:
            return input::key_codes;
        case EventType::rel:
            return input::rel_codes;
        case EventType::abs:
            return input::abs_codes;
        case EventType::led:
            return input::led_codes;
        default:
            return 8 * virtio::input::max_config_bytes;
        }
    }
    constexpr bool has_type(u32 type) const
    {
        return type < input::type_count && (types >> type & 1) != 0;
    }
    constexpr bool has(u32 type, u32 code) const
    {
        return has_type(type) && code < code_limit(type) && codes[type].has(code)
               && (type != EventType::abs || (axis_codes >> code & 1) != 0);
    }
};

// QEMU counts the end mark of a string.
inline virtio::input::Text without_end_mark(virtio::input::Text text)
{
    while (text.size != 0 && text.bytes[text.size - 1] == 0)
        --text.size;
    return text;
}

// The device is negotiated.
template <virtio::Bus B>
void read_capabilities(const virtio::Device<B>& device, Capabilities& into)
{
    using virtio::input::Select;
    const auto text = [&](Select select) {
        return without_end_mark(
            virtio::input::text(device, select).value_or(virtio::input::Text{}));
    };
    into.name = text(Select::id_name);
    into.serial = text(Select::id_serial);
    into.ids = virtio::input::ids(device).value_or(virtio::input::Ids{});
    for (u16 type = 1; type < input::type_count; ++type)
        if (const auto bits = virtio::input::bitmap(device, Select::ev_bits, type)) {
            into.codes[type] = *bits;
            into.types |= u32{1} << type;
        }
    for (u16 code = 0; code < input::abs_codes; ++code)
        if (into.codes[EventType::abs].has(code))
            if (const auto axis = virtio::input::axis(device, code)) {
                into.axes[code] = *axis;
                into.axis_codes |= u64{1} << code;
            }
    into.device_class = static_cast<input::Class>(virtio::input::classify(
        into.codes[EventType::key], into.codes[EventType::rel], into.codes[EventType::abs]));
}

}  // namespace inputd
