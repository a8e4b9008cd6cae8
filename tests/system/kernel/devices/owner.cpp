// owner.cpp - a program that owns a device and does with it what its argument says.
#include <sys/device.hpp>
#include <sys/interrupt.hpp>
#include <sys/notification.hpp>
#include <sys/startup.hpp>

namespace {

// Dies while the device could still write to its memory.
int leave_pinned(sys::Borrowed<sys::Device> device)
{
    const auto made = sys::invoke(abi::SYS_DMA_ALLOC, device.slot, 20 * page_bytes);
    if (!made)
        return 1;
    const sys::Borrowed<sys::Memory> memory{abi::Slot{(*made)[1]}};
    return sys::fetch(abi::Syscall::dma_pin, device.slot, memory.slot.raw(), page_bytes, 100,
                      abi::right::read.raw)
               ? 0
               : 2;
}

// Dies with somebody else's memory pinned.
int pin_given(sys::Borrowed<sys::Device> device, sys::Borrowed<sys::Memory> memory)
{
    return sys::fetch(abi::Syscall::dma_pin, device.slot, memory.slot.raw(), 0, page_bytes,
                      abi::right::read.raw)
               ? 0
               : 1;
}

int run_registers(sys::Borrowed<sys::Device> device)
{
    const auto window = sys::map_device(device);
    if (!window)
        return 1;
    std::bit_cast<void (*)()>(window->address.raw())();
    return 2;
}

int sleep()
{
    const auto nobody = sys::create_notification();
    return nobody && sys::wait(nobody->borrow()) ? 1 : 2;
}

// Its line is bound as long as it lives.
int hold_line(sys::Borrowed<sys::Device> device, sys::Borrowed<sys::Notification> ready)
{
    const auto line = sys::interrupt(device);
    const auto bell = sys::create_notification();
    if (!line || !bell || !sys::register_interrupt(line->borrow(), bell->borrow(), 0))
        return 1;
    return sys::signal(ready, abi::Bits::at(0)) ? sleep() : 2;
}

}  // namespace

int app_main(const sys::Startup& given)
{
    const auto device = given.grant<sys::Device>("device");
    if (!device)
        return 100;
    const std::string_view what = given.argument(0);
    if (what == "leave_pinned")
        return leave_pinned(*device);
    if (what == "run_registers")
        return run_registers(*device);
    if (const auto memory = given.grant<sys::Memory>("memory"); memory && what == "pin_given")
        return pin_given(*device, *memory);
    if (const auto ready = given.grant<sys::Notification>("ready"); ready && what == "hold_line")
        return hold_line(*device, *ready);
    return what == "sleep" ? sleep() : 101;
}
