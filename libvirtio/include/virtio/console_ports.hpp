// virtio/console_ports.hpp - the control queues of a console device with several ports (virtio 1.2,
// 5.3.6.2): what the device announces, and the answers that it is owed.
//
// Port 0 is the console. Others are said to be ready, so that the device tells their names, and
// have no queues: nothing comes from them. An answer that finds no buffer is remembered as one bit
// per port and sent later, so a device can't make us forget, nor remember much.
#pragma once

#include <bit>

#include <virtio/buffers.hpp>
#include <virtio/console_config.hpp>

namespace virtio::console {

class Ports {
public:
    static constexpr u16 buffers = 16;
    static constexpr u32 message_bytes = sizeof(ControlMessage) + max_name_bytes;

    static constexpr Bytes memory_bytes()
    {
        return BufferQueue<buffers>::memory_bytes({buffers, message_bytes})
               + BufferQueue<buffers>::memory_bytes({buffers, sizeof(ControlMessage)});
    }

    // Errors: those of BufferQueue::start.
    template <Bus B>
    Result<> start(Device<B>& device, DmaCursor& memory, u32 max_ports);
    void stop()
    {
        in_.stop();
        out_.stop();
        owed_ = {};
    }

    // The next message of the device; answers to it are prepared. One that makes no sense is not
    // given out, but counted. An error is a lie of the device, told once.
    std::optional<Result<Control>> take();
    u64 ignored() const { return ignored_; }

    template <Bus B>
    bool kick(const Device<B>& device);
    [[nodiscard]] bool arm() { return in_.arm(); }
    bool broken() const { return in_.broken() || out_.broken(); }

private:
    static constexpr u16 receive_queue = 2;
    static constexpr u16 transmit_queue = 3;
    static constexpr u32 tracked_ports = 64;

    // Sets of ports, a bit each.
    struct Owed {
        u64 ready = 0;  // PORT_READY 1
        u64 open = 0;   // PORT_OPEN 1
        bool device_ready = false;
    };

    std::optional<Control> parse(std::span<const std::byte> bytes) const;
    void note(const Control& message);
    void answer();
    bool pay(u64& owed, ControlEvent event);
    bool say(u32 port, ControlEvent event, u16 value);

    BufferQueue<buffers> in_;
    BufferQueue<buffers> out_;
    u32 max_ports_ = 0;
    u64 ignored_ = 0;
    Owed owed_;
};

template <Bus B>
Result<> Ports::start(Device<B>& device, DmaCursor& memory, u32 max_ports)
{
    stop();
    max_ports_ = max_ports;
    if (const auto done = in_.start(device, receive_queue, memory, {buffers, message_bytes}); !done)
        return done;
    const BufferShape out{buffers, sizeof(ControlMessage)};
    if (const auto done = out_.start(device, transmit_queue, memory, out); !done)
        return done;
    owed_.device_ready = true;
    return {};
}

inline std::optional<Control> Ports::parse(std::span<const std::byte> bytes) const
{
    ControlMessage message{};
    if (bytes.size() < sizeof message)
        return std::nullopt;
    std::memcpy(&message, bytes.data(), sizeof message);
    const auto rest = bytes.subspan(sizeof message);
    if (message.id >= max_ports_ || message.event > static_cast<u16>(ControlEvent::port_name))
        return std::nullopt;
    Control control{message.id, static_cast<ControlEvent>(message.event), message.value};
    switch (control.event) {
    case ControlEvent::device_ready:
    case ControlEvent::port_ready:
        return std::nullopt;  // for the driver to say
    case ControlEvent::resize:
        if (rest.size() < sizeof(Size))
            return std::nullopt;
        std::memcpy(&control.size, rest.data(), sizeof(Size));
        return control;
    case ControlEvent::port_name:
        control.name_bytes = static_cast<u32>(std::min<usize>(rest.size(), max_name_bytes));
        std::memcpy(control.text.data(), rest.data(), control.name_bytes);
        while (control.name().ends_with('\0'))  // QEMU counts the end mark
            --control.name_bytes;
        return control;
    default:
        return control;
    }
}

inline void Ports::note(const Control& message)
{
    if (message.port >= tracked_ports)
        return;
    const u64 bit = u64{1} << message.port;
    switch (message.event) {
    case ControlEvent::device_add:
        owed_.ready |= bit;
        return;
    case ControlEvent::console_port:
        owed_.open |= bit;
        return;
    case ControlEvent::device_remove:  // nothing may be said of it any more
        owed_.ready &= ~bit;
        owed_.open &= ~bit;
        return;
    default:
        return;
    }
}

inline std::optional<Result<Control>> Ports::take()
{
    std::array<std::byte, message_bytes> bytes{};
    while (const auto taken = in_.take(bytes)) {
        if (!*taken)
            return fail(taken->error());
        if (const auto message = parse(std::span{bytes}.first(**taken))) {
            note(*message);
            return *message;
        }
        ++ignored_;
    }
    return std::nullopt;
}

inline bool Ports::say(u32 port, ControlEvent event, u16 value)
{
    const ControlMessage message{port, static_cast<u16>(event), value};
    return out_.send(std::as_bytes(std::span{&message, 1})).has_value();
}

// False: there are no buffers left.
inline bool Ports::pay(u64& owed, ControlEvent event)
{
    for (; owed != 0; owed &= owed - 1)
        if (!say(static_cast<u32>(std::countr_zero(owed)), event, 1))
            return false;
    return true;
}

// As far as there are buffers; a port is ready before it is open.
inline void Ports::answer()
{
    if (!out_.reclaim())
        return;
    if (owed_.device_ready && !say(0, ControlEvent::device_ready, 1))
        return;
    owed_.device_ready = false;
    if (pay(owed_.ready, ControlEvent::port_ready))
        (void)pay(owed_.open, ControlEvent::port_open);
}

template <Bus B>
bool Ports::kick(const Device<B>& device)
{
    answer();
    while (in_.post()) {}
    const bool in = in_.kick(device);
    const bool out = out_.kick(device);
    return in || out;
}

}  // namespace virtio::console
