// virtio/console.hpp - a console device (virtio 1.2, 5.3): characters of its first port.
//
// start; write any bytes, then kick; read until nothing comes, kick once, arm before sleeping.
// Bytes are copied in and out, so one write is one notification however long it is, and nothing of
// the caller's is ever the device's.
#pragma once

#include <virtio/buffers.hpp>
#include <virtio/console_ports.hpp>

namespace virtio::console {

struct Options {
    u16 buffers = 8;  // for each direction; a power of two
    u32 buffer_bytes = 256;
    bool multiport = true;
};

template <Bus B, u16 Max = 16>
class Driver {
public:
    Driver() = default;
    Driver(const Driver&) = delete;  // there is one device
    Driver& operator=(const Driver&) = delete;

    // DMA memory that start() needs.
    static constexpr Bytes memory_bytes(Options options = {})
    {
        const auto one = BufferQueue<Max>::memory_bytes(shape(options));
        return one + one + Ports::memory_bytes();
    }

    // Brings the device up. On failure it was told so (FAILED). `device` and `memory` outlive the
    // driver. Errors: those of Device; wrong_kind (not a console), bad_argument (no buffers),
    // no_space (too little memory, or not page-aligned).
    Result<> start(Device<B>& device, const Dma auto& memory, Options options = {});
    // Resets and starts again; what was under way is lost in both directions. Errors: as start.
    Result<> recover() { return bring_up(); }

    // Takes as many bytes as there are buffers for, and returns how many; kick() sends them.
    // Errors: would_block (none at all), device_fault (not started, or broken).
    Result<usize> write(std::span<const std::byte> bytes);
    // Bytes that came, at most one buffer of them; what does not fit `out` is lost. kick() gives
    // the buffer back. An error is a lie of the device, told once.
    std::optional<Result<usize>> read(std::span<std::byte> out);
    // What the device says of its ports, if it has several; as read().
    std::optional<Result<Control>> control();

    bool kick();
    // Before sleeping. True: read() and control() first, there may be no interrupt for what came.
    [[nodiscard]] bool arm();
    // The same for who does not want to read now.
    [[nodiscard]] bool arm_control() { return ports_.arm(); }
    // Buffers of output that the device has; if there are some, an interrupt comes when there are
    // fewer. Errors: device_fault (a lie).
    Result<u16> unsent();
    // That there are for output: write() takes something while fewer are unsent.
    u16 output_buffers() const { return out_.count(); }

    // Size and number of ports; refresh() after a configuration change.
    const Info& info() const { return info_; }
    Result<> refresh();

    // Output without queues: works in every state after start() was called, whatever became of it
    // or of a later reset. Errors: not_supported (the device has not said since that it has it).
    Result<> emergency_write(std::string_view text) const;

    bool broken() const { return in_.broken() || out_.broken() || ports_.broken(); }
    // Messages of the device that made no sense.
    u64 ignored() const { return ports_.ignored(); }

private:
    static constexpr u16 receive_queue = 0;
    static constexpr u16 transmit_queue = 1;

    static constexpr BufferShape shape(Options options)
    {
        return {std::bit_floor(std::min(options.buffers, Max)), options.buffer_bytes};
    }
    Wish wish() const
    {
        const Features optional{ConsoleFeature::size, ConsoleFeature::emerg_write};
        return {.required = {},
                .optional =
                    optional | ring_features
                    | (options_.multiport ? Features{ConsoleFeature::multiport} : Features{})};
    }

    Result<> bring_up();
    Result<> set_up_queues();

    Device<B>* device_ = nullptr;
    BufferQueue<Max> in_;
    BufferQueue<Max> out_;
    Ports ports_;
    Info info_;
    Size told_size_;  // by a message, which is later than what the configuration says
    DmaRegion memory_;
    bool emergency_ = false;  // it said once since start() that it has it
    Options options_;
};

template <Bus B, u16 Max>
Result<> Driver<B, Max>::start(Device<B>& device, const Dma auto& memory, Options options)
{
    device_ = &device;
    memory_ = memory.region();
    options_ = options;
    emergency_ = false;
    return bring_up();
}

template <Bus B, u16 Max>
Result<> Driver<B, Max>::bring_up()
{
    if (device_->type() != DeviceType::console)
        return fail(Errc::wrong_kind);
    told_size_ = {};
    auto done = device_->negotiate(wish());
    emergency_ |= device_->negotiation().offered.has(ConsoleFeature::emerg_write);
    if (done)
        done = refresh();
    if (done)
        done = set_up_queues();
    if (done)
        done = device_->go();
    if (!done) {
        in_.stop();
        out_.stop();
        ports_.stop();
        device_->give_up();
        return done;
    }
    (void)kick();
    return done;
}

template <Bus B, u16 Max>
Result<> Driver<B, Max>::set_up_queues()
{
    ports_.stop();
    DmaCursor cursor{memory_};
    if (const auto done = in_.start(*device_, receive_queue, cursor, shape(options_)); !done)
        return done;
    if (const auto done = out_.start(*device_, transmit_queue, cursor, shape(options_)); !done)
        return done;
    if (!device_->accepted(ConsoleFeature::multiport))
        return {};
    return ports_.start(*device_, cursor, info_.max_ports);
}

template <Bus B, u16 Max>
Result<> Driver<B, Max>::refresh()
{
    const auto info = device_->template config<Config>(
        [this](const auto& config) { return read_info(config, device_->negotiation().accepted); });
    if (!info)
        return fail(info.error());
    info_ = *info;
    if (told_size_ != Size{})
        info_.size = told_size_;
    return {};
}

template <Bus B, u16 Max>
Result<usize> Driver<B, Max>::write(std::span<const std::byte> bytes)
{
    if (const auto done = out_.reclaim(); !done)
        return fail(done.error());
    usize count = 0;
    while (count < bytes.size()) {
        const auto part = bytes.subspan(count, std::min<usize>(bytes.size() - count, out_.bytes()));
        if (const auto sent = out_.send(part); !sent) {
            if (count == 0)
                return fail(sent.error());
            break;
        }
        count += part.size();
    }
    return count;
}

template <Bus B, u16 Max>
Result<u16> Driver<B, Max>::unsent()
{
    do {
        if (const auto done = out_.reclaim(); !done)
            return fail(done.error());
    } while (out_.with_device() != 0 && out_.arm());
    return out_.with_device();
}

template <Bus B, u16 Max>
std::optional<Result<usize>> Driver<B, Max>::read(std::span<std::byte> out)
{
    while (const auto taken = in_.take(out)) {
        if (!*taken)
            return fail(taken->error());
        if (**taken != 0)  // an empty buffer is no news
            return std::min<usize>(**taken, out.size());
    }
    return std::nullopt;
}

template <Bus B, u16 Max>
std::optional<Result<Control>> Driver<B, Max>::control()
{
    auto message = ports_.take();
    if (message && *message && (*message)->event == ControlEvent::resize && (*message)->port == 0)
        info_.size = told_size_ = (*message)->size;
    return message;
}

template <Bus B, u16 Max>
bool Driver<B, Max>::kick()
{
    if (in_.count() == 0)
        return false;
    while (in_.post()) {}
    bool notified = in_.kick(*device_);
    notified |= out_.kick(*device_);
    notified |= ports_.kick(*device_);
    return notified;
}

template <Bus B, u16 Max>
bool Driver<B, Max>::arm()
{
    const bool characters = in_.arm();
    return ports_.arm() || characters;
}

// virtio 1.2, 5.3.5: also on a device that is not set up.
template <Bus B, u16 Max>
Result<> Driver<B, Max>::emergency_write(std::string_view text) const
{
    if (device_ == nullptr || !emergency_)
        return fail(Errc::not_supported);
    for (const char character : text)
        device_->template config<Config>().write(Config::emerg_wr, static_cast<u8>(character));
    return {};
}

}  // namespace virtio::console
