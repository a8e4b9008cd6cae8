// virtio/mmio_transport.hpp - virtio-mmio, versions 1 and 2, as Device sees it (virtio 1.2, 4.2).
#pragma once

#include <virtio/mmio.hpp>

namespace virtio {

template <Bus B>
class MmioTransport {
public:
    using Registers = B;
    static constexpr u32 config_base = Mmio::config;

    static Result<MmioTransport> probe(B& bus);

    const Identity& identity() const { return identity_; }
    B& registers() const { return *bus_; }

    Status status() const { return mmio().read(Mmio::status); }
    void set_status(Status status) const { mmio().write(Mmio::status, status); }
    void begin() const
    {
        if (legacy())
            old().write(LegacyMmio::guest_page_size, static_cast<u32>(page_bytes));
    }
    Features offered() const;
    void accept(Features features) const;

    u32 queue_max(u16 queue) const
    {
        mmio().write(Mmio::queue_sel, queue);
        return mmio().read(Mmio::queue_num_max);
    }
    bool queue_in_use(u16 queue) const
    {
        mmio().write(Mmio::queue_sel, queue);
        return (legacy() ? old().read(LegacyMmio::queue_pfn) : mmio().read(Mmio::queue_ready)) != 0;
    }
    Result<> enable(u16 queue, const RingAddresses& rings) const
    {
        mmio().write(Mmio::queue_sel, queue);
        return legacy() ? enable_legacy(rings) : enable_modern(rings);
    }
    void notify(u16 queue) const { mmio().write(Mmio::queue_notify, queue); }
    Cause take_interrupt() const;
    u32 generation() const { return mmio().read(Mmio::config_generation); }

private:
    explicit MmioTransport(B& bus) : bus_{&bus} {}

    bool legacy() const { return identity_.version == 1; }
    virtio::Registers<Mmio, B> mmio() const { return virtio::Registers<Mmio, B>{*bus_}; }
    virtio::Registers<LegacyMmio, B> old() const { return virtio::Registers<LegacyMmio, B>{*bus_}; }
    Result<> enable_legacy(const RingAddresses& rings) const;
    Result<> enable_modern(const RingAddresses& rings) const;

    B* bus_;
    Identity identity_;
};

// virtio 1.2, 4.2.3.1.1
template <Bus B>
Result<MmioTransport<B>> MmioTransport<B>::probe(B& bus)
{
    MmioTransport found{bus};
    const auto mmio = found.mmio();
    if (mmio.read(Mmio::magic_value) != Mmio::magic)
        return fail(Errc::wrong_kind);
    found.identity_.version = mmio.read(Mmio::version);
    if (found.identity_.version != 1 && found.identity_.version != 2)
        return fail(Errc::not_supported);
    found.identity_.type = static_cast<DeviceType>(mmio.read(Mmio::device_id));
    if (found.identity_.type == DeviceType::none)
        return fail(Errc::no_device);
    found.identity_.vendor = mmio.read(Mmio::vendor_id);
    return found;
}

template <Bus B>
Features MmioTransport<B>::offered() const
{
    mmio().write(Mmio::device_features_sel, 0);
    const u32 low = mmio().read(Mmio::device_features);
    if (legacy())
        return Features::of_words(low, 0);
    mmio().write(Mmio::device_features_sel, 1);
    return Features::of_words(low, mmio().read(Mmio::device_features));
}

template <Bus B>
void MmioTransport<B>::accept(Features features) const
{
    mmio().write(Mmio::driver_features_sel, 0);
    mmio().write(Mmio::driver_features, features.low());
    if (legacy())
        return;
    mmio().write(Mmio::driver_features_sel, 1);
    mmio().write(Mmio::driver_features, features.high());
}

// virtio 1.2, 4.2.4: one address, of the page where the contiguous rings begin.
template <Bus B>
Result<> MmioTransport<B>::enable_legacy(const RingAddresses& rings) const
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
Result<> MmioTransport<B>::enable_modern(const RingAddresses& rings) const
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

// Exactly what was read goes back, so that an event in between stays; bits that the specification
// does not define must not be written (virtio 1.2, 4.2.2.2).
template <Bus B>
[[gnu::always_inline]] inline Cause MmioTransport<B>::take_interrupt() const
{
    const auto registers = mmio();
    const u32 cause = registers.read(Mmio::interrupt_status) & InterruptBits::defined;
    if (cause != 0) [[likely]]
        registers.write(Mmio::interrupt_ack, cause);
    return {.used_buffer = (cause & InterruptBits::used_buffer) != 0,
            .config_change = (cause & InterruptBits::config_change) != 0};
}

}  // namespace virtio
