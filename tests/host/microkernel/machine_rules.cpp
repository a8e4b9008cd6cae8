// tests/host/microkernel/machine_rules.cpp - the promises of boot/device_tree.hpp, written as one
// check.
#include "machine_rules.hpp"

#include <base/bits.hpp>

namespace {

using kernel::DeviceNode;
using kernel::Region;

constexpr u64 first_page(Region region) { return region.base.raw() / page_bytes; }
constexpr u64 last_page(Region region) { return (region.end() - 1) / page_bytes; }

bool possible(Region region)
{
    return region.size.raw() != 0 && fits(region.base.raw(), region.size.raw(), u64{1} << 52);
}

bool pages_meet(Region a, Region b)
{
    return first_page(a) <= last_page(b) && first_page(b) <= last_page(a);
}

bool shared_interrupt(kernel::InterruptLine line) { return line.intid >= 16 && line.intid < 1020; }

const char* broken_memory(const kernel::MachineDescription& machine)
{
    u64 end = 0;
    for (const Region range : machine.memory.all()) {
        if (!possible(range) || range.base.raw() < end)
            return "memory is sorted and does not overlap";
        end = range.end();
    }
    if (machine.memory.count == 0)
        return "there is memory";
    if (!machine.initrd)
        return nullptr;
    for (const Region range : machine.memory.all())
        if (range.base <= machine.initrd->base && machine.initrd->end() <= range.end())
            return nullptr;
    return "the initrd is in memory";
}

const char* broken_devices(const kernel::MachineDescription& machine)
{
    u64 end = 0;
    for (const DeviceNode& device : machine.virtio.all()) {
        if (!possible(device.registers) || device.registers.base.raw() < end)
            return "devices are sorted and do not overlap";
        if (!shared_interrupt(device.interrupt))
            return "interrupts are the GIC's";
        for (const Region range : machine.memory.all())
            if (pages_meet(device.registers, range))
                return "no device lies in memory";
        for (const Region range :
             {machine.gic.distributor, machine.uart.registers,
              machine.gic.version == 3 ? machine.gic.redistributor : machine.gic.cpu_interface})
            if (pages_meet(device.registers, range))
                return "no device shares a page with the kernel's";
        end = device.registers.end();
    }
    return nullptr;
}

}  // namespace

const char* broken_rule(const kernel::MachineDescription& machine, std::span<const std::byte> blob)
{
    if (const char* broken = broken_memory(machine))
        return broken;
    if (machine.cpus.count == 0 || machine.cpus.count > machine.cpus_present)
        return "there is a CPU";
    if (machine.gic.version != 2 && machine.gic.version != 3)
        return "the GIC's version is known";
    if (machine.gic.version == 3
        && machine.gic.redistributor.size.raw() < machine.cpus.count * 0x20000)
        return "every CPU has a redistributor";
    if (machine.psci == kernel::PsciConduit::none || !possible(machine.uart.registers)
        || machine.virtual_timer_intid < 16 || machine.virtual_timer_intid > 31)
        return "nothing is missing";
    const auto* const text = reinterpret_cast<const std::byte*>(machine.bootargs.data());
    if (!machine.bootargs.empty()
        && (text < blob.data() || text + machine.bootargs.size() >= blob.data() + blob.size()))
        return "bootargs are in the blob";
    return broken_devices(machine);
}
