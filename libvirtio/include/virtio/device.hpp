// virtio/device.hpp - a device on any transport: from the probe to its interrupts.
//
// Order of use (virtio 1.2, 3.1.1): probe, negotiate (which begins with a reset), read the
// configuration, enable queues, go. Whoever fails on the way calls give_up. Afterwards notify,
// acknowledge, and reset at the end; a reset that returned success means that the device has
// forgotten its queues and touches no memory any more.
#pragma once

#include <algorithm>
#include <atomic>

#include <virtio/mmio_transport.hpp>

namespace virtio {

// What an interrupt was for.
struct Interrupt {
    bool used_buffer;    // some queue has completions
    bool config_change;  // read the configuration again
    bool needs_reset;    // nothing will complete any more: driver.recover()
};

template <Transport T>
class DeviceOver {
public:
    using Bus = T::Registers;

    // Looks without touching anything. Errors: wrong_kind (no such window), not_supported (a
    // version of it that we do not know), no_device (an empty slot). `bus` outlives the device.
    static Result<DeviceOver> probe(Bus& bus)
    {
        return T::probe(bus).transform([](const T& found) { return DeviceOver{found}; });
    }

    u32 version() const { return transport_.identity().version; }
    bool legacy() const { return version() == 1; }
    DeviceType type() const { return transport_.identity().type; }
    u32 vendor() const { return transport_.identity().vendor; }

    // Resets, and returns when the device says it is done. Can take as long as its I/O in flight.
    // Errors: timed_out (still not done; the device's memory stays the device's, try again).
    Result<> reset();

    // Reset, then the handshake up to FEATURES_OK. Afterwards negotiation() tells what was offered,
    // wanted, missing, accepted. Errors: those of reset; not_supported (a required feature is
    // missing, or the device refused the set), device_fault (it contradicts itself).
    Result<> negotiate(Wish wish);
    const Negotiation& negotiation() const { return negotiation_; }
    bool accepted(Features all) const { return negotiation_.accepted.has(all); }

    // The configuration space, one access at a time.
    template <class Block>
    ConfigSpace<Block, Bus> config() const
    {
        return ConfigSpace<Block, Bus>{transport_.registers(), T::config_base};
    }
    // Several fields at once: read(config) until the device did not change them meanwhile.
    // Errors: device_fault (it never stops changing).
    template <class Block, class Read>
    auto config(Read read) const -> Result<decltype(read(config<Block>()))>;

    // The largest power of two that neither `wish` nor the device's maximum exceeds.
    // Errors: not_found (no such queue).
    Result<u16> queue_size(u16 queue, u16 wish) const;

    // Hands the device a queue whose rings are cleared. Errors: busy (in use already), not_found,
    // too_big (more than the device's maximum), out_of_range (an address version 1 can't express),
    // device_fault (the device did not take it).
    Result<> enable(u16 queue, const RingAddresses& rings) const;

    // The driver is ready. Errors: device_fault (the device already needs a reset).
    Result<> go();
    // The driver will not use this device.
    void give_up()
    {
        if (!has(status_, Status::failed))
            set(Status::failed);
    }

    void notify(u16 queue) const { transport_.notify(queue); }

    // Why the device interrupted; takes the interrupt back. To be called *before* the queues are
    // drained: what completes later interrupts again.
    Interrupt acknowledge() const;
    bool needs_reset() const { return has(transport_.status(), Status::needs_reset); }

private:
    // A reset is a register write and reads; each read takes 30 ns or more.
    static constexpr u32 reset_reads = 100'000;
    static constexpr u32 config_attempts = 64;

    explicit DeviceOver(const T& transport) : transport_{transport} {}

    [[gnu::cold, gnu::noinline]] bool asks_for_reset() const { return needs_reset(); }

    void set(Status bit)
    {
        status_ = status_ | bit;
        transport_.set_status(status_);
    }
    std::unexpected<Errc> refuse(Errc why)
    {
        give_up();
        return fail(why);
    }

    T transport_;
    Status status_ = Status::reset;
    Negotiation negotiation_;
};

// The one place that says which transport drivers run on.
template <Bus B>
using Device = DeviceOver<MmioTransport<B>>;

template <Transport T>
Result<> DeviceOver<T>::reset()
{
    status_ = Status::reset;
    transport_.set_status(status_);
    for (u32 i = 0; i < reset_reads; ++i)
        if (transport_.status() == Status::reset) {
            // Full fence: the device is done before its memory is cleared or used for another
            // purpose.
            std::atomic_thread_fence(std::memory_order_seq_cst);
            return {};
        }
    return fail(Errc::timed_out);
}

template <Transport T>
Result<> DeviceOver<T>::negotiate(Wish wish)
{
    // A version 2 device without VERSION_1 is none; a transitional driver must accept ANY_LAYOUT
    // (virtio 1.2, 6.1, 6.3).
    if (legacy())
        wish.optional = wish.optional | Feature::any_layout;
    else
        wish.required = wish.required | Feature::version_1;
    negotiation_ = {.offered = {},
                    .wanted = wish.required | wish.optional,
                    .missing = wish.required,
                    .accepted = {}};

    if (const auto done = reset(); !done)
        return done;
    set(Status::acknowledge);
    set(Status::driver);
    transport_.begin();

    negotiation_.offered = transport_.offered();
    if (transport_.offered() != negotiation_.offered)  // an offer must not change under us
        return refuse(Errc::device_fault);
    negotiation_.missing = wish.required.without(negotiation_.offered);
    if (!negotiation_.missing.empty())
        return refuse(Errc::not_supported);
    const Features chosen = negotiation_.offered & negotiation_.wanted;
    transport_.accept(chosen);
    if (!legacy()) {
        set(Status::features_ok);
        if (!has(transport_.status(), Status::features_ok))
            return refuse(Errc::not_supported);
    }
    negotiation_.accepted = chosen;
    return {};
}

template <Transport T>
template <class Block, class Read>
auto DeviceOver<T>::config(Read read) const -> Result<decltype(read(config<Block>()))>
{
    const auto space = config<Block>();
    if (legacy()) {  // has no generation: believe what reads the same twice (virtio 1.2, 2.5.4)
        auto last = read(space);
        for (u32 i = 0; i < config_attempts; ++i)
            if (const auto again = std::exchange(last, read(space)); again == last)
                return last;
        return fail(Errc::device_fault);
    }
    for (u32 i = 0; i < config_attempts; ++i) {
        const u32 generation = transport_.generation();
        const auto value = read(space);
        if (transport_.generation() == generation)
            return value;
    }
    return fail(Errc::device_fault);
}

template <Transport T>
Result<u16> DeviceOver<T>::queue_size(u16 queue, u16 wish) const
{
    const u32 limit = transport_.queue_max(queue);
    if (limit == 0 || wish == 0)
        return fail(Errc::not_found);
    return std::bit_floor(static_cast<u16>(std::min<u32>({limit, wish, max_queue_size})));
}

template <Transport T>
Result<> DeviceOver<T>::enable(u16 queue, const RingAddresses& rings) const
{
    if (transport_.queue_in_use(queue))
        return fail(Errc::busy);
    const u32 limit = transport_.queue_max(queue);
    if (limit == 0)
        return fail(Errc::not_found);
    if (rings.size > limit)
        return fail(Errc::too_big);
    // Full fence: the rings are clear before the device learns of them.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return transport_.enable(queue, rings);
}

template <Transport T>
Result<> DeviceOver<T>::go()
{
    set(Status::driver_ok);
    if (needs_reset())
        return fail(Errc::device_fault);
    return {};
}

template <Transport T>
[[gnu::always_inline]] inline Interrupt DeviceOver<T>::acknowledge() const
{
    const Cause cause = transport_.take_interrupt();
    // Full fence: the interrupt is taken back before any used ring is read. A chain that completes
    // after that read then finds the bit clear and interrupts again.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return {.used_buffer = cause.used_buffer,
            .config_change = cause.config_change,
            // A device that needs a reset says so by a configuration change (virtio 1.2, 2.1.2).
            .needs_reset = cause.config_change && asks_for_reset()};
}

}  // namespace virtio
