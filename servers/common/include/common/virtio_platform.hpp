// common/virtio_platform.hpp - where libsys and libvirtio meet: registers, DMA memory and the
// interrupt of the one device that a server was given.
#pragma once

#include <bit>

#include <sys/device.hpp>
#include <sys/interrupt.hpp>
#include <sys/log.hpp>
#include <sys/notification.hpp>
#include <sys/startup.hpp>
#include <virtio/device.hpp>
#include <virtio/feature_names.hpp>

namespace common {

// The device's registers: mapped, or, when its page also holds a device of somebody else, reached
// through the kernel one access at a time. Decided once; the branch costs one instruction an
// access, a second copy of every driver would cost more.
//
// A call that the kernel refuses reads as all ones, what a device that is gone reads as.
class DeviceBus {
public:
    static Result<DeviceBus> open(sys::Borrowed<sys::Device> device)
    {
        const auto window = sys::map_device(device);
        if (window)
            return DeviceBus{device, window->address.raw()};
        if (window.error() == Errc::not_exclusive)
            return DeviceBus{device, 0};
        return fail(window.error());
    }

    bool mapped() const { return base_ != 0; }
    // How many accesses there were; stays where it is.
    const u64& accesses() const { return accesses_; }

    u8 read8(u32 offset) const
    {
        return mapped() ? load<u8>(offset) : static_cast<u8>(call_read(offset, sys::Width::byte));
    }
    u16 read16(u32 offset) const
    {
        return mapped() ? load<u16>(offset) : static_cast<u16>(call_read(offset, sys::Width::half));
    }
    u32 read32(u32 offset) const
    {
        return mapped() ? load<u32>(offset) : call_read(offset, sys::Width::word);
    }
    void write8(u32 offset, u8 value) const
    {
        mapped() ? store(offset, value) : call_write(offset, value, sys::Width::byte);
    }
    void write16(u32 offset, u16 value) const
    {
        mapped() ? store(offset, value) : call_write(offset, value, sys::Width::half);
    }
    void write32(u32 offset, u32 value) const
    {
        mapped() ? store(offset, value) : call_write(offset, value, sys::Width::word);
    }

private:
    DeviceBus(sys::Borrowed<sys::Device> device, u64 base) : device_{device}, base_{base} {}

    // One instruction of the right width, with base-register addressing: what a hypervisor can
    // decode, and what the compiler may neither merge nor repeat.
    template <class T>
    T load(u32 offset) const
    {
        u32 value = 0;
        ++accesses_;
        const u64 address = base_ + offset;
        if constexpr (sizeof(T) == 1)
            asm volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
        else if constexpr (sizeof(T) == 2)
            asm volatile("ldrh %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
        else
            asm volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
        return static_cast<T>(value);
    }

    template <class T>
    void store(u32 offset, T value) const
    {
        ++accesses_;
        const u64 address = base_ + offset;
        if constexpr (sizeof(T) == 1)
            asm volatile("strb %w0, [%1]" : : "r"(value), "r"(address) : "memory");
        else if constexpr (sizeof(T) == 2)
            asm volatile("strh %w0, [%1]" : : "r"(value), "r"(address) : "memory");
        else
            asm volatile("str %w0, [%1]" : : "r"(value), "r"(address) : "memory");
    }

    [[gnu::noinline]] u32 call_read(u32 offset, sys::Width width) const
    {
        ++accesses_;
        return sys::read_register(device_, offset, width).value_or(~u32{0});
    }
    [[gnu::noinline]] void call_write(u32 offset, u32 value, sys::Width width) const
    {
        ++accesses_;
        (void)sys::write_register(device_, offset, value, width);
    }

    sys::Borrowed<sys::Device> device_;
    u64 base_;  // zero: not mapped
    mutable u64 accesses_ = 0;
};
static_assert(virtio::Bus<DeviceBus>);

// DMA memory as libvirtio takes it.
struct DriverMemory {
    sys::DmaMemory memory;

    static Result<DriverMemory> create(sys::Borrowed<sys::Device> device, Bytes size)
    {
        auto memory = sys::DmaMemory::create(device, Bytes{align_up(size.raw(), page_bytes)});
        if (!memory)
            return fail(memory.error());
        return DriverMemory{std::move(*memory)};
    }

    virtio::DmaRegion region() const
    {
        return {memory.bytes().data(), memory.address(), Bytes{memory.bytes().size()}};
    }
};
static_assert(virtio::Dma<DriverMemory>);

// What every server of a device begins with: the device it was given, its registers, and one
// notification that is bound to the running thread and raised by the device's interrupt.
struct DevicePlatform {
    sys::Borrowed<sys::Device> device;
    DeviceBus bus;
    sys::Handle<sys::Notification> notification;
    sys::Handle<sys::Interrupt> interrupt;

    static Result<DevicePlatform> open(const sys::Startup& given, unsigned interrupt_bit)
    {
        const auto device = given.grant<sys::Device>("device");
        if (!device)
            return fail(device.error());
        auto bus = DeviceBus::open(*device);
        if (!bus)
            return fail(bus.error());
        auto notification = sys::create_notification();
        if (!notification)
            return fail(notification.error());
        auto interrupt = sys::interrupt(*device);
        if (!interrupt)
            return fail(interrupt.error());
        if (const auto bound = sys::bind(notification->borrow()); !bound)
            return fail(bound.error());
        if (const auto bound =
                sys::register_interrupt(interrupt->borrow(), notification->borrow(), interrupt_bit);
            !bound)
            return fail(bound.error());
        return DevicePlatform{*device, *bus, std::move(*notification), std::move(*interrupt)};
    }

    // Sleeps until the interrupt bit, or another one of the notification.
    Result<> wait(abi::Ticks deadline) const
    {
        return sys::wait(notification.borrow(), deadline).transform([](abi::Bits) {});
    }
};

}  // namespace common
