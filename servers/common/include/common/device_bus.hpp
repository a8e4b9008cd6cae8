// common/device_bus.hpp - the registers of a device as libvirtio's Bus: mapped, or, when its page
// also holds a device of somebody else, reached through the kernel one access at a time.
#pragma once

#include <sys/device.hpp>
#include <virtio/platform.hpp>

namespace common {

// Registers in this address space. One instruction of the right width, with base-register
// addressing: what a hypervisor can decode, and what the compiler may neither merge nor repeat.
struct MappedRegisters {
    template <class T>
    static T load(u64 address)
    {
        u32 value = 0;
        if constexpr (sizeof(T) == 1)
            asm volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
        else if constexpr (sizeof(T) == 2)
            asm volatile("ldrh %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
        else
            asm volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
        return static_cast<T>(value);
    }

    template <class T>
    static void store(u64 address, T value)
    {
        if constexpr (sizeof(T) == 1)
            asm volatile("strb %w0, [%1]" : : "r"(value), "r"(address) : "memory");
        else if constexpr (sizeof(T) == 2)
            asm volatile("strh %w0, [%1]" : : "r"(value), "r"(address) : "memory");
        else
            asm volatile("str %w0, [%1]" : : "r"(value), "r"(address) : "memory");
    }
};

// Decided once; the branch costs one instruction an access, a second copy of every driver would
// cost more. `Mapped` makes the accesses to mapped registers: a host test has none.
//
// A call that the kernel refuses reads as all ones, what a device that is gone reads as.
template <class Mapped>
class BusOver {
public:
    // Errors: those of map_device, but not_exclusive.
    static Result<BusOver> open(sys::Borrowed<sys::Device> device)
    {
        const auto window = sys::map_device(device);
        if (window)
            return BusOver{device, window->address.raw()};
        if (window.error() == Errc::not_exclusive)
            return BusOver{device, 0};
        return fail(window.error());
    }

    bool mapped() const { return base_ != 0; }
    // How many accesses there were; stays where it is.
    const u64& accesses() const { return accesses_; }

    u8 read8(u32 offset) const { return read<u8>(offset); }
    u16 read16(u32 offset) const { return read<u16>(offset); }
    u32 read32(u32 offset) const { return read<u32>(offset); }
    void write8(u32 offset, u8 value) const { write(offset, value); }
    void write16(u32 offset, u16 value) const { write(offset, value); }
    void write32(u32 offset, u32 value) const { write(offset, value); }

private:
    BusOver(sys::Borrowed<sys::Device> device, u64 base) : device_{device}, base_{base} {}

    template <class T>
    T read(u32 offset) const
    {
        ++accesses_;
        return mapped() ? Mapped::template load<T>(base_ + offset)
                        : static_cast<T>(call_read(offset, sys::Width{sizeof(T)}));
    }
    template <class T>
    void write(u32 offset, T value) const
    {
        ++accesses_;
        mapped() ? Mapped::store(base_ + offset, value)
                 : call_write(offset, value, sys::Width{sizeof(T)});
    }

    [[gnu::noinline]] u32 call_read(u32 offset, sys::Width width) const
    {
        return sys::read_register(device_, offset, width).value_or(~u32{0});
    }
    [[gnu::noinline]] void call_write(u32 offset, u32 value, sys::Width width) const
    {
        (void)sys::write_register(device_, offset, value, width);
    }

    sys::Borrowed<sys::Device> device_;
    u64 base_;  // zero: not mapped
    mutable u64 accesses_ = 0;
};

using DeviceBus = BusOver<MappedRegisters>;
static_assert(virtio::Bus<DeviceBus>);

}  // namespace common
