// consoled/ports.hpp - what a console device says of its ports beside the console; pure.
#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include <base/text.hpp>
#include <proto/console.hpp>
#include <virtio/console_config.hpp>

namespace consoled {

namespace console = proto::console;

// In the order in which they came. Those for which there is no place are not told of.
class Ports {
public:
    u32 count() const { return count_; }
    std::optional<console::Port::Reply> at(u32 index) const
    {
        return index < count_ ? std::optional{all_[index]} : std::nullopt;
    }

    void note(const virtio::console::Control& message)
    {
        using virtio::console::ControlEvent;
        if (message.event == ControlEvent::device_add)
            return add(message.port);
        const auto port = std::ranges::find(known(), message.port, &console::Port::Reply::id);
        if (port == known().end())
            return;
        switch (message.event) {
        case ControlEvent::device_remove:
            std::ranges::copy(port + 1, known().end(), port);
            --count_;
            return;
        case ControlEvent::console_port:
            return set(*port, console::PortFlags::console, true);
        case ControlEvent::port_open:
            return set(*port, console::PortFlags::connected, message.value != 0);
        case ControlEvent::port_name:
            port->name = text::padded<sizeof(port->name)>(message.name());
            return;
        default:
            return;
        }
    }

private:
    std::span<console::Port::Reply> known() { return std::span{all_}.first(count_); }

    void add(u32 id)
    {
        if (!std::ranges::contains(known(), id, &console::Port::Reply::id) && count_ < all_.size())
            all_[count_++] = {.id = id, .flags = 0, .name = {}};
    }
    static void set(console::Port::Reply& port, u32 flag, bool on)
    {
        port.flags = (port.flags & ~flag) | (on ? flag : 0);
    }

    std::array<console::Port::Reply, console::max_ports> all_{};
    u32 count_ = 0;
};

}  // namespace consoled
