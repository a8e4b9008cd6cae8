// virtio/input_config.hpp - what an input device says about itself, checked (virtio 1.2, 5.8.4).
//
// The configuration space is a window: `select` and `subsel` choose what it shows, `size` says how
// many bytes of it there are. Zero bytes mean that the device has nothing of the kind.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include <virtio/device.hpp>
#include <virtio/input_codes.hpp>

namespace virtio::input {

inline constexpr u32 max_config_bytes = 128;

struct Config {
    template <class T, Access Mode>
    using Reg = Register<Config, T, Mode>;

    static constexpr Reg<u8, Access::rw> select{0};
    static constexpr Reg<u8, Access::rw> subsel{1};
    static constexpr Reg<u8, Access::ro> size{2};
    static constexpr u16 data = 8;

    static constexpr Reg<u8, Access::ro> byte(u32 n) { return {static_cast<u16>(data + n)}; }
    static constexpr Reg<u16, Access::ro> half(u32 n) { return {static_cast<u16>(data + 2 * n)}; }
    static constexpr Reg<u32, Access::ro> word(u32 n) { return {static_cast<u16>(data + 4 * n)}; }
};

enum class Select : u8 {
    unset = 0x00,
    id_name = 0x01,
    id_serial = 0x02,
    id_devids = 0x03,
    prop_bits = 0x10,
    ev_bits = 0x11,
    abs_info = 0x12,
};

// A string of the device: any bytes, no end mark.
struct Text {
    std::array<char, max_config_bytes> bytes{};
    u32 size = 0;

    std::string_view view() const { return {bytes.data(), size}; }
    friend bool operator==(const Text&, const Text&) = default;
};

struct Ids {
    u16 bustype;
    u16 vendor;
    u16 product;
    u16 version;
    friend bool operator==(const Ids&, const Ids&) = default;
};

// A set of event codes or properties.
class Bitmap {
public:
    constexpr bool has(u32 code) const
    {
        return code < 8 * max_config_bytes && (bytes_[code / 8] >> code % 8 & 1) != 0;
    }
    constexpr bool empty() const
    {
        return std::ranges::all_of(bytes_, [](u8 byte) { return byte == 0; });
    }
    constexpr void set_byte(u32 at, u8 value) { bytes_[at] = value; }
    friend bool operator==(const Bitmap&, const Bitmap&) = default;

private:
    std::array<u8, max_config_bytes> bytes_{};
};

// Range of an absolute axis; min < max.
struct AbsInfo {
    i32 min;
    i32 max;
    i32 fuzz;
    i32 flat;
    i32 resolution;
    friend bool operator==(const AbsInfo&, const AbsInfo&) = default;
};

template <class Value>
struct Answer {
    u32 size;  // as the device says
    Value value;
    friend bool operator==(const Answer&, const Answer&) = default;
};

// Asks for one thing: read(config, size) makes it of the window. Errors: not_found (the device has
// nothing of the kind), device_fault (it says more bytes than the window has, or never stops
// changing).
template <class Read, Bus B>
auto query(const Device<B>& device, Select select, u16 subsel, Read read)
    -> Result<decltype(read(device.template config<Config>(), u32{}))>
{
    using Value = decltype(read(device.template config<Config>(), u32{}));
    if (subsel > 0xff)
        return fail(Errc::not_found);
    // Before the read, not as a part of it: QEMU counts what is written as a change of the
    // configuration.
    const auto window = device.template config<Config>();
    window.write(Config::select, static_cast<u8>(select));
    window.write(Config::subsel, static_cast<u8>(subsel));
    const auto answer = device.template config<Config>([&](const auto& config) {
        const u32 size = config.read(Config::size);
        const bool believed = size != 0 && size <= max_config_bytes;
        return Answer<Value>{size, believed ? read(config, size) : Value{}};
    });
    if (!answer)
        return fail(answer.error());
    if (answer->size == 0)
        return fail(Errc::not_found);
    if (answer->size > max_config_bytes)
        return fail(Errc::device_fault);
    return answer->value;
}

// Errors of all: those of query(). `select` is id_name or id_serial.
template <Bus B>
Result<Text> text(const Device<B>& device, Select select)
{
    return query(device, select, 0, [](const auto& config, u32 size) {
        Text text;
        text.size = size;
        for (u32 i = 0; i < size; ++i)
            text.bytes[i] = static_cast<char>(config.read(Config::byte(i)));
        return text;
    });
}

// `select` is prop_bits, with subsel 0, or ev_bits, with an event type.
template <Bus B>
Result<Bitmap> bitmap(const Device<B>& device, Select select, u16 subsel = 0)
{
    return query(device, select, subsel, [](const auto& config, u32 size) {
        Bitmap bits;
        for (u32 i = 0; i < size; ++i)
            bits.set_byte(i, config.read(Config::byte(i)));
        return bits;
    });
}

// Also device_fault: fewer bytes than such an answer has.
template <Bus B>
Result<Ids> ids(const Device<B>& device)
{
    const auto answer = query(device, Select::id_devids, 0, [](const auto& config, u32 size) {
        if (size < sizeof(Ids))
            return std::optional<Ids>{};
        return std::optional{Ids{config.read(Config::half(0)), config.read(Config::half(1)),
                                 config.read(Config::half(2)), config.read(Config::half(3))}};
    });
    if (!answer)
        return fail(answer.error());
    if (!*answer)
        return fail(Errc::device_fault);
    return **answer;
}

// Also device_fault: fewer bytes than such an answer has, or a range that is empty.
template <Bus B>
Result<AbsInfo> axis(const Device<B>& device, u16 code)
{
    const auto answer = query(device, Select::abs_info, code, [](const auto& config, u32 size) {
        if (size < sizeof(AbsInfo))
            return AbsInfo{};
        const auto word = [&](u32 n) { return static_cast<i32>(config.read(Config::word(n))); };
        return AbsInfo{word(0), word(1), word(2), word(3), word(4)};
    });
    if (!answer)
        return fail(answer.error());
    if (answer->min >= answer->max)
        return fail(Errc::device_fault);
    return *answer;
}

enum class Class : u8 { other, keyboard, mouse, tablet };

// What a device is for, by the codes that it can send; an empty set for a type that it has not.
constexpr Class classify(const Bitmap& keys, const Bitmap& relative, const Bitmap& absolute)
{
    const bool pointer = keys.has(Key::button_left) || keys.has(Key::button_touch);
    if (absolute.has(Abs::x) && absolute.has(Abs::y) && pointer)
        return Class::tablet;
    if (relative.has(Rel::x) && relative.has(Rel::y) && pointer)
        return Class::mouse;
    if (keys.has(Key::a) && keys.has(Key::enter))
        return Class::keyboard;
    return Class::other;
}

}  // namespace virtio::input
