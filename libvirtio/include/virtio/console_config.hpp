// virtio/console_config.hpp - what a console device says about itself, and the messages of its
// control queues (virtio 1.2, 5.3).
#pragma once

#include <array>
#include <string_view>

#include <virtio/device.hpp>

namespace virtio::console {

// virtio 1.2, 5.3.3
enum class ConsoleFeature : u8 { size = 0, multiport = 1, emerg_write = 2 };

struct Config {
    template <class T, Access Mode>
    using Reg = Register<Config, T, Mode>;

    static constexpr Reg<u16, Access::ro> cols{0};
    static constexpr Reg<u16, Access::ro> rows{2};
    static constexpr Reg<u32, Access::ro> max_nr_ports{4};
    static constexpr Reg<u32, Access::wo> emerg_wr{8};
};

// In characters; zero is unknown.
struct Size {
    u16 cols = 0;
    u16 rows = 0;
    friend constexpr bool operator==(const Size&, const Size&) = default;
};

struct Info {
    Size size;
    u32 max_ports = 1;
    friend constexpr bool operator==(const Info&, const Info&) = default;
};

template <Bus B>
Info read_info(const ConfigSpace<Config, B>& config, Features accepted)
{
    Info info;
    if (accepted.has(ConsoleFeature::size))
        info.size = {config.read(Config::cols), config.read(Config::rows)};
    if (accepted.has(ConsoleFeature::multiport))
        info.max_ports = std::max(config.read(Config::max_nr_ports), u32{1});
    return info;
}

// virtio 1.2, 5.3.6.2
enum class ControlEvent : u16 {
    device_ready = 0,  // driver to device
    device_add = 1,
    device_remove = 2,
    port_ready = 3,  // driver to device
    console_port = 4,
    resize = 5,
    port_open = 6,  // both ways
    port_name = 7,
};

struct ControlMessage {
    u32 id;  // of the port
    u16 event;
    u16 value;
};
static_assert(sizeof(ControlMessage) == 8);

inline constexpr u32 max_name_bytes = 120;

// A message of the device, checked: its port exists, and what it needs is there.
struct Control {
    u32 port;
    ControlEvent event;
    u16 value = 0;
    Size size{};                              // of resize
    std::array<char, max_name_bytes> text{};  // of port_name; see name()
    u32 name_bytes = 0;

    std::string_view name() const { return {text.data(), name_bytes}; }
};

}  // namespace virtio::console
