// syscall/device.cpp - registers, interrupts and DMA memory of the devices that a process was lent.

#include "arch/aarch64/mmio.hpp"
#include "checks/invariants.hpp"
#include "console.hpp"
#include "fault/hooks.hpp"
#include "syscall/calls.hpp"

#include <abi/syscall.hpp>

namespace kernel {

namespace {

// A device handle with these rights. What is lent is used by its owner; init, which may manage it,
// always may.
Result<Device*> usable(Thread& caller, abi::Slot slot, abi::Rights rights)
{
    const auto entry = handles(caller).find(slot, abi::Kind::device, rights);
    if (!entry)
        return fail(entry.error());
    auto* const device = static_cast<Device*>((*entry)->object);
    if (device->owner() != &caller.process() && !(*entry)->rights.has(abi::right::manage))
        return fail(Errc::denied);
    return device;
}

Result<> check_access(const Device& device, u64 window, u64 offset, u64 width)
{
    if (window != 0)
        return fail(Errc::out_of_range);
    if (width != 1 && width != 2 && width != 4)
        return fail(Errc::bad_argument);
    if (!aligned(offset, width))
        return fail(Errc::bad_argument);
    if (!fits(offset, width, device.what().size.raw()))
        return fail(Errc::out_of_range);
    return {};
}

// Of the serial line, what receives is its owner's; output goes between the kernel's lines, and how
// the line works is nobody's business but the kernel's. Arm PL011 TRM 3.3.
Result<> check_serial(u64 offset, u64 width, bool write)
{
    constexpr u64 data = 0x00;
    constexpr u64 flags = 0x18;
    constexpr u64 interrupt_mask = 0x38;
    constexpr u64 masked_interrupts = 0x40;
    constexpr u64 interrupt_clear = 0x44;
    const bool known = offset == data || offset == interrupt_mask
                       || offset == (write ? interrupt_clear : flags)
                       || (!write && offset == masked_interrupts);
    return known && width == 4 ? Result<>{} : fail(Errc::denied);
}

Result<Pin*> pin(Device& device, Process& owner, Memory& memory, u64 offset, u64 bytes)
{
    if (bytes == 0)
        return fail(Errc::bad_argument);
    if (!fits(offset, bytes, memory.pages() << page_shift))
        return fail(Errc::out_of_range);
    return device.pin(owner, memory, offset, bytes);
}

}  // namespace

Result<> sys_device_info(Thread& caller)
{
    const auto found = handles(caller).get<Device>(caller.call_slot(), abi::right::none);
    if (!found)
        return fail(found.error());
    const Device& device = **found;
    u64 flags = device.what().coherent ? abi::DeviceFlags::coherent : 0;
    flags |= device.what().edge ? abi::DeviceFlags::edge : 0;
    flags |= device.owner() != nullptr ? abi::DeviceFlags::lent : 0;
    flags |= device.what().serial ? abi::DeviceFlags::serial : 0;
    caller.finish(1, 1, flags);
    caller.x[4] = device.what().index;
    caller.x[5] = device.what().size.raw();
    caller.x[6] = device.pinned_pages();
    caller.x[7] = device.quarantined_pages();
    return {};
}

Result<> sys_device_lend(Thread& caller)
{
    const abi::Rights rights{static_cast<u16>(caller.argument(1) & abi::right::all.raw)};
    using namespace abi::right;
    if (caller.argument(1) != rights.raw || !(map | dma).has(rights))
        return fail(Errc::bad_argument);
    const auto device = handles(caller).get<Device>(caller.call_slot(), manage | rights);
    if (!device)
        return fail(device.error());
    const auto to = handles(caller).get<Process>(abi::Slot{caller.argument(0)}, manage);
    if (!to)
        return fail(to.error());
    if ((*to)->dead())
        return fail(Errc::peer_gone);
    if (const auto reserved = (*to)->handles().reserve(1); !reserved)
        return reserved;
    if (const auto lent = (*device)->lend(**to); !lent) {
        (*to)->handles().unreserve(1);
        return lent;
    }
    (*device)->ref();
    const abi::Slot slot = (*to)->handles().add(**device, rights);
    (*device)->handle_added();
    caller.finish(slot.raw());
    return {};
}

Result<> sys_device_interrupt(Thread& caller)
{
    const auto device = usable(caller, caller.call_slot(), abi::right::map);
    if (!device)
        return fail(device.error());
    if (caller.argument(0) != 0)
        return fail(Errc::out_of_range);
    Interrupt& interrupt = (*device)->interrupt();
    interrupt.ref();
    return install(caller, interrupt, abi::right::wait).transform([&](abi::Slot slot) {
        caller.finish(slot.raw());
    });
}

Result<> sys_map_device(Thread& caller)
{
    const auto found = usable(caller, caller.call_slot(), abi::right::map);
    if (!found)
        return fail(found.error());
    Device& device = **found;
    if (caller.argument(0) != 0)
        return fail(Errc::out_of_range);
    if (const auto exclusive = device.check_exclusive(caller.process()); !exclusive)
        return exclusive;
    const u64 first = align_down(device.what().window.raw(), page_bytes);
    const u64 within = device.what().window.raw() - first;
    const u64 pages = align_up(within + device.what().size.raw(), page_bytes) >> page_shift;
    const auto at = caller.process().space().map_device(device, PhysAddr{first}, pages);
    if (!at)
        return fail(at.error());
    caller.finish(*at + within, device.what().size.raw());
    return {};
}

// x0 window, x1 offset, x2 width, x3 value, x4 1: write
Result<> sys_device_io(Thread& caller)
{
    const auto device = usable(caller, caller.call_slot(), abi::right::map);
    if (!device)
        return fail(device.error());
    const u64 width = caller.argument(2);
    if (const auto good = check_access(**device, caller.argument(0), caller.argument(1), width);
        !good)
        return good;
    if (caller.argument(4) > 1)
        return fail(Errc::bad_argument);
    const bool serial = (*device)->what().serial;
    if (serial)
        if (const auto good = check_serial(caller.argument(1), width, caller.argument(4) == 1);
            !good)
            return good;
    const PhysAddr at = (*device)->what().window + Bytes{caller.argument(1)};
    if (fault::access(caller, at, caller.argument(4) != 0, caller.argument(3)))
        return {};
    if (caller.argument(4) == 0) {
        caller.finish(mmio::read(at, width));
    } else {
        if (serial && caller.argument(1) == 0)
            serial_byte(static_cast<u8>(caller.argument(3)));
        else
            mmio::write(at, width, caller.argument(3));
        caller.finish();
    }
    fault::accessed(caller);
    return {};
}

namespace {

// The memory is there: pins it, and fills both slots.
Result<> give_dma(Thread& caller, Memory& memory)
{
    const auto device = usable(caller, caller.call_slot(), abi::right::dma);
    if (!device)
        return fail(device.error());
    if (const auto reserved = handles(caller).reserve(2); !reserved)
        return reserved;
    const auto pinned = pin(**device, caller.process(), memory, 0, memory.pages() << page_shift);
    if (!pinned) {
        handles(caller).unreserve(2);
        return fail(pinned.error());
    }
    using namespace abi::right;
    memory.ref();
    const abi::Slot memory_slot = handles(caller).add(memory, duplicate | transfer | read | write);
    const abi::Slot pin_slot = handles(caller).add(**pinned, none);
    caller.finish(memory_slot.raw(), memory.page(0).raw(), pin_slot.raw());
    return {};
}

bool alloc_some(Thread& caller)
{
    auto& memory = static_cast<Memory&>(*caller.work.object);
    const auto filled = memory.fill_some();
    if (filled && !*filled)
        return false;
    const auto given = filled ? give_dma(caller, memory) : Result<>{fail(filled.error())};
    if (!given)
        caller.x[0] = static_cast<u64>(given.error());
    return true;
}

}  // namespace

Result<> sys_dma_alloc(Thread& caller)
{
    const auto device = usable(caller, caller.call_slot(), abi::right::dma);
    if (!device)
        return fail(device.error());
    const u64 bytes = caller.argument(0);
    if (bytes == 0)
        return fail(Errc::bad_argument);
    if (bytes > Memory::max_pages << page_shift)
        return fail(Errc::too_big);
    const auto memory =
        Memory::create(caller.process(), align_up(bytes, page_bytes) >> page_shift, true);
    if (!memory)
        return fail(memory.error());
    caller.start_work(&alloc_some, **memory);
    release(**memory);  // the work keeps it
    return {};
}

Result<> sys_virt_to_phys(Thread& caller)
{
    const auto device = usable(caller, caller.call_slot(), abi::right::dma);
    if (!device)
        return fail(device.error());
    const u64 address = caller.argument(0);
    const Mapping* const mapping = caller.process().space().find(address);
    if (mapping == nullptr || mapping->object->kind() != abi::Kind::memory)
        return fail(Errc::fault);
    const auto& memory = static_cast<Memory&>(*mapping->object);
    const u64 page = mapping->offset + ((address - mapping->address) >> page_shift);
    const Pin* const pin = (*device)->find_pin(memory, page);
    if (pin == nullptr)
        return fail(Errc::denied);
    const u64 within = address & (page_bytes - 1);
    const u64 mapped = (mapping->end - address + within) >> page_shift;
    const u64 end = std::min(page + mapped, pin->last_page() + 1);
    const u64 pages = memory.run_end(page, end) - page;
    caller.finish(memory.page(page).raw() + within, (pages << page_shift) - within);
    return {};
}

// x0 memory slot, x1 offset, x2 bytes, x3 rights
Result<> sys_dma_pin(Thread& caller)
{
    const auto device = usable(caller, caller.call_slot(), abi::right::dma);
    if (!device)
        return fail(device.error());
    const abi::Rights rights{static_cast<u16>(caller.argument(3) & abi::right::all.raw)};
    using namespace abi::right;
    if (caller.argument(3) != rights.raw || rights == none || !(read | write).has(rights))
        return fail(Errc::bad_argument);
    const auto memory = handles(caller).get<Memory>(abi::Slot{caller.argument(0)}, rights);
    if (!memory)
        return fail(memory.error());
    const auto pinned =
        pin(**device, caller.process(), **memory, caller.argument(1), caller.argument(2));
    if (!pinned)
        return fail(pinned.error());
    const u64 runs = (*pinned)->count_runs();
    return install(caller, **pinned, none).transform([&](abi::Slot slot) {
        caller.finish(slot.raw(), runs);
    });
}

Result<> sys_dma_runs(Thread& caller)
{
    const auto pinned = handles(caller).get<Pin>(caller.call_slot(), abi::right::none);
    if (!pinned)
        return fail(pinned.error());
    std::array<abi::DmaRun, abi::runs_per_call> runs{};
    const u64 written = (*pinned)->runs(caller.argument(0), runs);
    if (written == 0)
        return fail(Errc::out_of_range);
    to_message(caller, runs);
    caller.finish(written);
    return {};
}

Result<> sys_device_quiesced(Thread& caller)
{
    const auto device = handles(caller).get<Device>(caller.call_slot(), abi::right::manage);
    if (!device)
        return fail(device.error());
    caller.finish((*device)->quarantined_pages());
    const auto release = [](Thread& thread) {
        const bool done = static_cast<Device&>(*thread.work.object).release_some();
        if (done)
            checks::all();
        return done;
    };
    caller.start_work(release, **device);
    return {};
}

}  // namespace kernel
