// consoled/virtio_line.hpp - libvirtio's console driver as a line: port 0 of the device. What the
// device says of its ports is kept for whoever asks.
#pragma once

#include "line.hpp"
#include "ports.hpp"

#include <virtio/console.hpp>

namespace consoled {

template <virtio::Bus B>
class VirtioLine {
public:
    static constexpr virtio::console::Options options{
        .buffers = 8, .buffer_bytes = 512, .multiport = true};  // a Write fits one buffer
    static constexpr Bytes memory_bytes() { return Driver::memory_bytes(options); }
    static_assert(console::max_bytes <= options.buffer_bytes);

    // `transport` and `memory` outlive it. Errors: those of the driver.
    Result<> start(virtio::Device<B>& transport, const virtio::Dma auto& memory)
    {
        transport_ = &transport;
        const auto started = driver_.start(transport, memory, options);
        if (started)
            begin();
        return started;
    }

    Result<usize> write(std::span<const u8> bytes)
    {
        const auto taken = driver_.write(std::as_bytes(bytes));
        if (taken && driver_.kick())
            ++notifies_;
        return taken;
    }
    Result<bool> room()
    {
        return driver_.unsent().transform(
            [this](u16 count) { return count < driver_.output_buffers(); });
    }
    bool idle()
    {
        const auto unsent = driver_.unsent();
        return !unsent || *unsent == 0;
    }

    std::optional<Received> read()
    {
        if (next_ == end_ && !refill())
            return std::nullopt;
        return Received{static_cast<u8>(input_[next_++]), false};
    }
    bool settle(bool reads);
    static void interrupts(bool) {}  // it ends by itself: buffers that are not read do not go back

    Result<> acknowledge();
    bool broken() const { return broken_ || driver_.broken(); }
    Result<> recover()
    {
        const auto done = driver_.recover();
        begin();
        return done;
    }
    void last_words(std::string_view text) { (void)driver_.emergency_write(text); }

    About about() const
    {
        const auto size = driver_.info().size;
        return {.back_end = console::BackEnd::virtio,
                .columns = size.cols,
                .rows = size.rows,
                .flags = connected_ ? console::InfoFlags::connected : 0,
                .ports = ports_.count(),
                .notifies = notifies_};
    }
    bool changed() { return std::exchange(changed_, false); }
    std::optional<console::Port::Reply> port(u32 index) const { return ports_.at(index); }

private:
    using Driver = virtio::console::Driver<B, options.buffers>;

    static constexpr u32 most_messages = 64;  // at a time, then the server looks around

    // With several ports the device says when somebody is there.
    void begin()
    {
        connected_ = !transport_->accepted(virtio::console::ConsoleFeature::multiport);
        ports_ = {};
        broken_ = false;
        changed_ = true;
    }
    bool refill();
    void hear();
    void note(const virtio::console::Control& message);

    virtio::Device<B>* transport_ = nullptr;
    Driver driver_;
    Ports ports_;
    std::array<std::byte, options.buffer_bytes> input_{};  // a buffer that came
    usize next_ = 0;                                       // of it
    usize end_ = 0;
    u64 notifies_ = 0;
    bool broken_ = false;
    bool connected_ = false;
    bool changed_ = false;
};

template <virtio::Bus B>
bool VirtioLine<B>::refill()
{
    const auto got = driver_.read(input_);
    if (!got)
        return false;
    broken_ |= !*got;
    next_ = 0;
    end_ = got->value_or(0);
    return end_ != 0;
}

template <virtio::Bus B>
bool VirtioLine<B>::settle(bool reads)
{
    hear();
    (void)driver_.kick();
    return reads ? driver_.arm() : driver_.arm_control();
}

template <virtio::Bus B>
Result<> VirtioLine<B>::acknowledge()
{
    const auto cause = transport_->acknowledge();
    if (cause.needs_reset)
        return fail(Errc::device_fault);
    if (!cause.config_change)
        return {};
    changed_ = true;
    return driver_.refresh();
}

template <virtio::Bus B>
void VirtioLine<B>::hear()
{
    for (u32 count = 0; count < most_messages; ++count) {
        const auto message = driver_.control();
        if (!message)
            return;
        broken_ |= !*message;
        if (*message)
            note(**message);
    }
}

template <virtio::Bus B>
void VirtioLine<B>::note(const virtio::console::Control& message)
{
    changed_ = true;
    if (message.port != 0)
        ports_.note(message);
    else if (message.event == virtio::console::ControlEvent::port_open)
        connected_ = message.value != 0;
}

}  // namespace consoled
