// main.cpp - boot order, top to bottom: what is here, translation, memory, interrupts, devices,
// init.

#include "arch/aarch64/mmu.hpp"
#include "arch/aarch64/psci.hpp"
#include "arch/aarch64/stacks.hpp"
#include "boot/device_tree.hpp"
#include "boot/first_process.hpp"
#include "console.hpp"
#include "machine.hpp"
#include "object/slabs.hpp"
#include "syscall/calls.hpp"
#include "syscall/entry.hpp"

#include <algorithm>

extern "C" [[noreturn]] void kernel_main(u64 device_tree);
extern "C" char vectors;                               // vectors.S
extern "C" [[noreturn]] void resume(kernel::Thread*);  // vectors.S
extern "C" void secondary_entry();                     // boot.S; of which the address is used
extern "C" [[noreturn]] void secondary_main(u64 stack);

namespace kernel {

namespace {

constinit bool power_by_smc = false;
constinit u32 cpus_present = 1;
constinit std::atomic<bool> secondary_up{false};
constinit u64 kernel_bytes = 0;

constexpr u64 max_tree_bytes = u64{2} << 20;

MachineDescription look_around(PhysAddr tree)
{
    const auto machine = describe({direct(tree), max_tree_bytes});
    if (!machine)
        panic("the device tree cannot be read");
    uart.attach(machine->uart.registers.base);
    power_by_smc = machine->psci == PsciConduit::smc;
    cpus_present = machine->cpus_present;
    if (machine->virtual_timer_intid != virtual_timer.raw())
        panic("the virtual timer is not private interrupt 27");
    if (!machine->initrd)
        panic("there is no boot archive (initrd)");
    return *machine;
}

struct Span {
    u64 start;
    u64 end;
    bool overlaps(const Span& other) const { return start < other.end && other.start < end; }
};

// RAM that the kernel uses: whole blocks below the limit (mmu.hpp).
Span usable(const Region& memory)
{
    constexpr u64 block = u64{2} << 20;
    return {align_up(memory.base.raw(), block),
            std::min(align_down(memory.end(), block), ram_limit)};
}

// Releases what of `free` is in none of `taken` (each sorted into place by recursion over the
// list).
void release_around(Span free, std::span<const Span> taken)
{
    for (const Span& hole : taken) {
        if (!hole.overlaps(free))
            continue;
        if (free.start < hole.start)
            release_around({free.start, hole.start}, taken);
        if (hole.end < free.end)
            release_around({hole.end, free.end}, taken);
        return;
    }
    frames.release_range(PhysAddr{free.start}, (free.end - free.start) >> page_shift);
}

Span pages_of(const Region& region)
{
    return {align_down(region.base.raw(), page_bytes), align_up(region.end(), page_bytes)};
}

void start_memory(const MachineDescription& machine)
{
    u64 first = ram_limit;
    u64 last = 0;
    for (const Region& memory : machine.memory.all()) {
        first = std::min(first, usable(memory).start);
        last = std::max(last, usable(memory).end);
    }
    if (first >= last)
        panic("there is no RAM between 1 GiB and 5 GiB");
    const u64 count = (last - first) >> page_shift;
    const u64 records = image_limit() - kernel_base;
    const Span kernel{image_begin() - kernel_base,
                      align_up(records + FrameAllocator::record_bytes(count), page_bytes)};
    std::array<Span, 2 + 8> taken{kernel, pages_of(*machine.initrd)};
    usize holes = 2;
    for (const Region& region : machine.reserved.all())
        taken[holes++] = pages_of(region);
    if (taken[1].overlaps(kernel))
        panic("kernel and boot archive overlap");
    kernel_bytes = kernel.end - kernel.start;
    frames.init(PhysAddr{first}, count, direct<FrameRecord>(PhysAddr{records}));
    for (const Region& memory : machine.memory.all())
        if (const Span span = usable(memory); span.start < span.end)
            release_around(span, std::span{taken}.first(holes));
}

void start_device(const DeviceNode& node, u32 index, bool serial)
{
    const IntId line{node.interrupt.intid};
    const auto interrupt = slabs::interrupts.make(line, node.interrupt.edge);
    if (!interrupt)
        panic("no memory for devices");
    publish_interrupt(**interrupt);
    const Device::Description what{index, node.registers.base, node.registers.size,
                                   line,  node.interrupt.edge, node.coherent,
                                   serial};
    const auto made = slabs::devices.make(what, **interrupt);
    if (!made)
        panic("no memory for devices");
    publish_device(**made);
}

void start_devices(const MachineDescription& machine)
{
    const GicNode& found = machine.gic;
    gic.start(found.version, found.distributor.base,
              found.version == 2 ? found.cpu_interface.base : found.redistributor.base);
    cpus[0].start_interrupts(virtual_timer);
    u32 index = 0;
    for (const DeviceNode& node : machine.virtio.all())
        start_device(node, index++, false);
    if (machine.uart.interrupt.intid != 0)
        start_device(machine.uart, index, true);
}

// Instructions are countable only under -icount: INST_RETIRED is event 8.
bool counts_instructions() { return (sysreg::pmceid0() >> 8 & 1) != 0; }

void start_counters()
{
    constexpr u64 inst_retired = 8;
    constexpr u64 not_el0 = bit<30>;
    sysreg::set_pmevtyper0(inst_retired);
    sysreg::set_pmevtyper1(inst_retired | not_el0);
    sysreg::set_pmcntenset(bit<31> | 3);
    sysreg::set_pmcr(sysreg::pmcr() | 0x47);  // enable, reset, 64-bit cycle counter
    sysreg::set_pmuserenr(user_counters);
    constexpr u64 debug_channel_traps = bit<12>;
    sysreg::set_mdscr(debug_channel_traps);
    constexpr u64 el0_reads_virtual_counter = 2;
    sysreg::set_cntkctl(el0_reads_virtual_counter);
}

// One after the other: each says that it is up before the next one starts.
void start_cpus(const MachineDescription& machine)
{
    constexpr u64 affinity_mask = 0xff'00ff'ffff;
    const u64 own = sysreg::mpidr() & affinity_mask;
    u32 index = 1;
    for (const CpuNode& node : machine.cpus.all()) {
        if (node.mpidr == own || index == max_cpus)
            continue;
        const u64 entry = reinterpret_cast<u64>(&secondary_entry) - kernel_base;
        if (!psci::start_cpu(power_by_smc, node.mpidr, entry, stack_top(index)))
            panic("a CPU does not start");
        while (!secondary_up.exchange(false, std::memory_order_acquire))
            sysreg::yield();
        ++index;
    }
}

void announce(const MachineDescription& machine)
{
    text::Buffer<160> fields;
    fields.put("cpus=").number(u64{cpus_online}).put('/').number(cpus_present);
    u64 bytes = 0;
    for (const Region& memory : machine.memory.all())
        bytes += memory.size.raw();
    fields.field("memory_mib", bytes >> 20).field("gic", u64{machine.gic.version});
    fields.field("devices", u64{machine.virtio.count}).field("frames", frames.free_frames());
    if (counts_instructions())
        fields.field("instructions", sysreg::pmevcntr0());
    log("info", "boot", fields.view());
}

[[noreturn]] void enter_first_thread()
{
    kernel_lock.acquire();
    resume(idle_entry(&this_cpu()));
}

}  // namespace

constinit Counts counts;
constinit u64 user_counters = 0;

void machine_off() { psci::power_off(power_by_smc); }

void frame_corruption(PhysAddr) { panic("a frame was freed that nobody had"); }

void describe_system(abi::SystemInfo& info)
{
    info.frames_total = frames.total_frames();
    info.frames_free = frames.free_frames();
    info.kernel_bytes = kernel_bytes;
    info.cpus = cpus_online;
    info.cpus_present = cpus_present;
    for (const Cpu& cpu : cpus) {
        info.exceptions += cpu.exceptions();
        info.switches += cpu.switches();
        info.irqs += cpu.irqs();
        info.timer_writes += cpu.timer_writes();
    }
    info.processes = slabs::processes.count();
    info.threads = counts.threads;
    info.endpoints = slabs::endpoints.count();
    info.badges = slabs::badges.count();
    info.notifications = slabs::notifications.count();
    info.memories = slabs::memories.count();
    info.mappings = slabs::mappings.count();
    info.pins = slabs::pins.count();
    for (const Device* const device : devices())
        info.pinned_pages += static_cast<u32>(device->pinned_pages());
    info.handles = counts.handles;
    info.boot_instructions = counts.boot_instructions;
}

}  // namespace kernel

using namespace kernel;  // NOLINT(google-build-using-namespace): entered from boot.S

void kernel_main(u64 device_tree)
{
    cpus[0].start(0, stack_top(0));
    sysreg::set_vbar(reinterpret_cast<u64>(&vectors));
    start_counters();
    const MachineDescription machine = look_around(PhysAddr{device_tree});
    std::array<Range, 4> ram{};
    for (usize i = 0; i < machine.memory.count; ++i)
        ram[i] = {machine.memory.storage[i].base, machine.memory.storage[i].size};
    map_kernel(std::span{ram}.first(machine.memory.count));
    start_memory(machine);
    start_devices(machine);
    start_first_process(machine);
    start_cpus(machine);
    announce(machine);
    counts.boot_instructions = counts_instructions() ? sysreg::pmevcntr0() : 0;
    enter_first_thread();
}

void secondary_main(u64 stack)
{
    const u32 index = cpu_of_stack(stack);
    sysreg::set_vbar(reinterpret_cast<u64>(&vectors));
    use_kernel_map();
    cpus[index].start(index, stack);
    start_counters();
    cpus[index].start_interrupts(virtual_timer);
    secondary_up.store(true, std::memory_order_release);
    enter_first_thread();
}
