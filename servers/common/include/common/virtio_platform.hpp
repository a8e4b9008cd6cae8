// common/virtio_platform.hpp - where libsys and libvirtio meet: the registers, DMA memory and the
// interrupt of the one device that a server was given.
#pragma once

#include <bit>

#include <common/device_bus.hpp>
#include <sys/interrupt.hpp>
#include <sys/notification.hpp>
#include <sys/startup.hpp>
#include <virtio/device.hpp>

namespace common {

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

    // For a server: the end of its process gives it back, and not the end of run(), which its
    // device may outlive.
    static Result<DriverMemory> create_kept(sys::Borrowed<sys::Device> device, Bytes size)
    {
        auto memory = create(device, size);
        if (memory)
            memory->memory.keep();
        return memory;
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

    static Result<DevicePlatform> open(const sys::Startup& given, unsigned bit)
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
                sys::register_interrupt(interrupt->borrow(), notification->borrow(), bit);
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
