// virtio/device.hpp - a device behind virtio-mmio, version 1 or 2: from the probe to its
// interrupts.
//
// Order of use (virtio 1.2, 3.1.1): probe, negotiate (which begins with a reset), read the
// configuration, enable queues, go. Whoever fails on the way calls give_up. Afterwards notify,
// acknowledge, and reset at the end; a reset that returned success means that the device has
// forgotten its queues and touches no memory any more.
#pragma once

#include <algorithm>
#include <atomic>

#include <virtio/features.hpp>
#include <virtio/layout.hpp>
#include <virtio/mmio.hpp>

namespace virtio {

// Registers of the device type: u8, u16, u32 and u64 fields of `Block`, offsets from the first
// byte of the configuration space.
template <class Block, Bus B>
using ConfigSpace = Registers<Block, B>;

// What an interrupt was for.
struct Interrupt {
    bool used_buffer;    // some queue has completions
    bool config_change;  // read the configuration again
    bool needs_reset;    // nothing will complete any more
};

template <Bus B>
class Device {
public:
    // Looks without touching anything. Errors: wrong_kind (not a virtio-mmio window), not_supported
    // (a version other than 1 and 2), no_device (an empty slot). `bus` outlives the device.
    static Result<Device> probe(B& bus);

    u32 version() const { return version_; }
    bool legacy() const { return version_ == 1; }
    DeviceType type() const { return type_; }
    u32 vendor() const { return vendor_; }

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
    ConfigSpace<Block, B> config() const
    {
        return ConfigSpace<Block, B>{*bus_, Mmio::config};
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
    void give_up() { set(Status::failed); }

    void notify(u16 queue) const { mmio().write(Mmio::queue_notify, queue); }

    // Why the device interrupted; takes the interrupt back. To be called *before* the queues are
    // drained: what completes later interrupts again.
    Interrupt acknowledge() const;
    bool needs_reset() const { return has(mmio().read(Mmio::status), Status::needs_reset); }

private:
    // A reset is a register write and reads; each read takes 30 ns or more.
    static constexpr u32 reset_reads = 100'000;
    static constexpr u32 config_attempts = 64;

    explicit Device(B& bus) : bus_{&bus} {}

    Registers<Mmio, B> mmio() const { return Registers<Mmio, B>{*bus_}; }
    Registers<LegacyMmio, B> old() const { return Registers<LegacyMmio, B>{*bus_}; }

    void set(Status bit)
    {
        status_ = status_ | bit;
        mmio().write(Mmio::status, status_);
    }
    std::unexpected<Errc> refuse(Errc why)
    {
        give_up();
        return fail(why);
    }
    Features offered() const;
    void accept(Features features) const;
    Result<> enable_legacy(const RingAddresses& rings) const;
    Result<> enable_modern(const RingAddresses& rings) const;

    B* bus_;
    u32 version_ = 0;
    DeviceType type_ = DeviceType::none;
    u32 vendor_ = 0;
    Status status_ = Status::reset;
    Negotiation negotiation_;
};

// virtio 1.2, 4.2.3.1.1
template <Bus B>
Result<Device<B>> Device<B>::probe(B& bus)
{
    Device device{bus};
    if (device.mmio().read(Mmio::magic_value) != Mmio::magic)
        return fail(Errc::wrong_kind);
    device.version_ = device.mmio().read(Mmio::version);
    if (device.version_ != 1 && device.version_ != 2)
        return fail(Errc::not_supported);
    device.type_ = static_cast<DeviceType>(device.mmio().read(Mmio::device_id));
    if (device.type_ == DeviceType::none)
        return fail(Errc::no_device);
    device.vendor_ = device.mmio().read(Mmio::vendor_id);
    return device;
}

template <Bus B>
Result<> Device<B>::reset()
{
    status_ = Status::reset;
    mmio().write(Mmio::status, status_);
    for (u32 i = 0; i < reset_reads; ++i)
        if (mmio().read(Mmio::status) == Status::reset) {
            // Full fence: the device is done before its memory is cleared or used for another
            // purpose.
            std::atomic_thread_fence(std::memory_order_seq_cst);
            return {};
        }
    return fail(Errc::timed_out);
}

template <Bus B>
Features Device<B>::offered() const
{
    mmio().write(Mmio::device_features_sel, 0);
    const u32 low = mmio().read(Mmio::device_features);
    if (legacy())
        return Features::of_words(low, 0);
    mmio().write(Mmio::device_features_sel, 1);
    return Features::of_words(low, mmio().read(Mmio::device_features));
}

template <Bus B>
void Device<B>::accept(Features features) const
{
    mmio().write(Mmio::driver_features_sel, 0);
    mmio().write(Mmio::driver_features, features.low());
    if (legacy())
        return;
    mmio().write(Mmio::driver_features_sel, 1);
    mmio().write(Mmio::driver_features, features.high());
}

template <Bus B>
Result<> Device<B>::negotiate(Wish wish)
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
    if (legacy())
        old().write(LegacyMmio::guest_page_size, static_cast<u32>(page_bytes));

    negotiation_.offered = offered();
    if (offered() != negotiation_.offered)  // an offer must not change under us
        return refuse(Errc::device_fault);
    negotiation_.missing = wish.required.without(negotiation_.offered);
    if (!negotiation_.missing.empty())
        return refuse(Errc::not_supported);
    const Features chosen = negotiation_.offered & negotiation_.wanted;
    accept(chosen);
    if (!legacy()) {
        set(Status::features_ok);
        if (!has(mmio().read(Mmio::status), Status::features_ok))
            return refuse(Errc::not_supported);
    }
    negotiation_.accepted = chosen;
    return {};
}

template <Bus B>
template <class Block, class Read>
auto Device<B>::config(Read read) const -> Result<decltype(read(config<Block>()))>
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
        const u32 generation = mmio().read(Mmio::config_generation);
        const auto value = read(space);
        if (mmio().read(Mmio::config_generation) == generation)
            return value;
    }
    return fail(Errc::device_fault);
}

template <Bus B>
Result<u16> Device<B>::queue_size(u16 queue, u16 wish) const
{
    mmio().write(Mmio::queue_sel, queue);
    const u32 limit = mmio().read(Mmio::queue_num_max);
    if (limit == 0 || wish == 0)
        return fail(Errc::not_found);
    return std::bit_floor(static_cast<u16>(std::min<u32>({limit, wish, max_queue_size})));
}

template <Bus B>
Result<> Device<B>::enable(u16 queue, const RingAddresses& rings) const
{
    mmio().write(Mmio::queue_sel, queue);
    const u32 in_use =
        legacy() ? old().read(LegacyMmio::queue_pfn) : mmio().read(Mmio::queue_ready);
    if (in_use != 0)
        return fail(Errc::busy);
    const u32 limit = mmio().read(Mmio::queue_num_max);
    if (limit == 0)
        return fail(Errc::not_found);
    if (rings.size > limit)
        return fail(Errc::too_big);
    // Full fence: the rings are clear before the device learns of them.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return legacy() ? enable_legacy(rings) : enable_modern(rings);
}

// virtio 1.2, 4.2.4
template <Bus B>
Result<> Device<B>::enable_legacy(const RingAddresses& rings) const
{
    const u64 page_number = rings.desc.raw() >> page_shift;
    if (!aligned(rings.desc.raw(), page_bytes) || page_number == 0 || page_number > ~u32{0})
        return fail(Errc::out_of_range);
    const auto pfn = static_cast<u32>(page_number);
    mmio().write(Mmio::queue_num, rings.size);
    old().write(LegacyMmio::queue_align, static_cast<u32>(ring_alignment));
    old().write(LegacyMmio::queue_pfn, pfn);
    if (old().read(LegacyMmio::queue_pfn) != pfn)
        return fail(Errc::device_fault);
    return {};
}

// virtio 1.2, 4.2.3.2
template <Bus B>
Result<> Device<B>::enable_modern(const RingAddresses& rings) const
{
    mmio().write(Mmio::queue_num, rings.size);
    mmio().write(Mmio::queue_desc, rings.desc);
    mmio().write(Mmio::queue_driver, rings.driver);
    mmio().write(Mmio::queue_device, rings.device);
    mmio().write(Mmio::queue_ready, 1);
    if (mmio().read(Mmio::queue_ready) != 1)
        return fail(Errc::device_fault);
    return {};
}

template <Bus B>
Result<> Device<B>::go()
{
    set(Status::driver_ok);
    if (needs_reset())
        return fail(Errc::device_fault);
    return {};
}

template <Bus B>
Interrupt Device<B>::acknowledge() const
{
    // Exactly what was read goes back, so that an event in between stays; bits that the
    // specification does not define must not be written (virtio 1.2, 4.2.2.2).
    const u32 cause = mmio().read(Mmio::interrupt_status) & InterruptBits::defined;
    if (cause != 0)
        mmio().write(Mmio::interrupt_ack, cause);
    const bool config_change = (cause & InterruptBits::config_change) != 0;
    // Full fence: the interrupt is taken back before any used ring is read. A chain that completes
    // after that read then finds the bit clear and interrupts again.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return {.used_buffer = (cause & InterruptBits::used_buffer) != 0,
            .config_change = config_change,
            // A device that needs a reset says so by a configuration change (virtio 1.2, 2.1.2).
            .needs_reset = config_change && needs_reset()};
}

}  // namespace virtio
