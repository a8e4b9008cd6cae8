// boot/device_tree.cpp - from the nodes of the device tree to a MachineDescription, in one pass.
#include "boot/device_tree.hpp"

namespace kernel {
namespace {

// Takes the nodes one by one, then checks what only all of them together can tell.
class Collector {
public:
    Collector(Blob blob, MachineDescription& machine) : tree_{blob}, machine_{machine} {}

    Errc collect();

private:
    void visit();
    void visit_addressed();
    void chosen();
    void cpu();
    void gic(u32 version);
    void timer();
    void psci();
    void uart();
    template <class F>
    void regions(usize least, F take);
    InterruptLine line(usize n);
    DeviceNode device();
    bool complete() const;
    bool consistent() const;
    void keep(Errc added) { tree_.fail_with(added); }

    TreeReader tree_;
    MachineDescription& machine_;
    std::optional<u32> gic_phandle_;
    std::optional<u32> interrupt_parent_;  // of the devices seen
    bool one_interrupt_parent_ = true;
};

Errc Collector::collect()
{
    tree_.each_reservation([this](Region range) { keep(machine_.reserved.add(range)); });
    while (tree_.next())
        visit();
    if (tree_.error() == Errc::ok && !complete())
        return Errc::not_found;
    if (tree_.error() == Errc::ok && (!one_interrupt_parent_ || interrupt_parent_ != gic_phandle_))
        return Errc::not_supported;
    if (tree_.error() == Errc::ok && !consistent())
        return Errc::malformed;
    return tree_.error();
}

void Collector::visit()
{
    using enum Property;
    if (tree_.in_root() && tree_.name() == "chosen")
        return chosen();
    if (tree_.in("cpus"))
        return tree_.lists(device_type, "cpu") ? cpu() : void();
    if (tree_.lists(compatible, "arm,psci-1.0") || tree_.lists(compatible, "arm,psci-0.2"))
        return psci();
    if (tree_.lists(compatible, "arm,armv8-timer"))
        return timer();
    if (tree_.on_cpu_bus())
        visit_addressed();
}

// Nodes whose `reg` is an address of the CPU's.
void Collector::visit_addressed()
{
    using enum Property;
    if (tree_.in("reserved-memory"))  // without `reg` the place is free: no use for it here
        return regions(0, [this](Region range) { return machine_.reserved.add(range); });
    if (tree_.in_root() && tree_.lists(device_type, "memory"))
        return regions(1, [this](Region range) { return machine_.memory.insert(range); });
    if (tree_.lists(compatible, "virtio,mmio"))
        return keep(machine_.virtio.insert(device()));
    if (tree_.lists(compatible, "arm,pl011"))
        return uart();
    if (tree_.lists(compatible, "arm,gic-v3"))
        return gic(3);
    if (tree_.lists(compatible, "arm,cortex-a15-gic") || tree_.lists(compatible, "arm,gic-400"))
        gic(2);
}

void Collector::chosen()
{
    using enum Property;
    if (tree_.has(bootargs))
        machine_.bootargs = tree_.text(bootargs);
    if (!tree_.has(initrd_start) && !tree_.has(initrd_end))
        return;
    const u64 start = tree_.number(initrd_start);
    const u64 end = tree_.number(initrd_end);
    if (end < start)
        tree_.fail_with(Errc::malformed);
    else if (end != start)
        machine_.initrd = Region{PhysAddr{start}, Bytes{end - start}};
}

void Collector::cpu()
{
    if (tree_.size_cells() != 0)
        tree_.fail_with(Errc::malformed);
    ++machine_.cpus_present;
    const CpuNode found{tree_.number(Property::reg), tree_.lists(Property::enable_method, "psci")};
    (void)machine_.cpus.add(found);  // those that there is no room for are only counted
}

// Those of `reg`, at least so many.
template <class F>
void Collector::regions(usize least, F take)
{
    for (usize n = 0; n < std::max(tree_.region_count(), least); ++n)
        if (const Region range = tree_.region(n); !range.empty())
            keep(take(range));
}

void Collector::gic(u32 version)
{
    using enum Property;
    if (tree_.cell(interrupt_cells, 0) != 3 || machine_.gic.version != 0)
        tree_.fail_with(Errc::malformed);
    gic_phandle_ = tree_.cell(phandle, 0);
    machine_.gic.version = version;
    machine_.gic.distributor = tree_.region(0);
    (version == 3 ? machine_.gic.redistributor : machine_.gic.cpu_interface) = tree_.region(1);
}

// Secure, non-secure, virtual, hypervisor: the third is ours.
void Collector::timer()
{
    machine_.virtual_timer_intid = line(2).intid;
    if (machine_.virtual_timer_intid >= 32)
        tree_.fail_with(Errc::malformed);
}

void Collector::psci()
{
    const bool hvc = tree_.lists(Property::method, "hvc");
    if (!hvc && !tree_.lists(Property::method, "smc"))
        tree_.fail_with(Errc::malformed);
    machine_.psci = hvc ? PsciConduit::hvc : PsciConduit::smc;
}

void Collector::uart()
{
    const DeviceNode found = device();
    if (machine_.uart.registers.empty() || found.registers.base < machine_.uart.registers.base)
        machine_.uart = found;
}

// All interrupts must go to one controller; whether that is the GIC is known at the end.
InterruptLine Collector::line(usize n)
{
    const u32 controller = tree_.interrupt_parent();
    one_interrupt_parent_ =
        one_interrupt_parent_ && controller == interrupt_parent_.value_or(controller);
    interrupt_parent_ = controller;
    return tree_.interrupt(n);
}

DeviceNode Collector::device()
{
    return {tree_.region(0), line(0), tree_.has(Property::dma_coherent)};
}

bool Collector::complete() const
{
    return machine_.memory.count != 0 && machine_.cpus.count != 0
           && machine_.psci != PsciConduit::none && machine_.gic.version != 0
           && machine_.virtual_timer_intid != 0 && !machine_.uart.registers.empty();
}

bool Collector::consistent() const
{
    constexpr u64 redistributor_bytes = 0x20000;  // RD_base and SGI_base of one CPU
    constexpr u64 cpu_interface_bytes = 0x2000;   // up to GICC_DIR
    const GicNode& gic = machine_.gic;
    const u64 redistributors = machine_.cpus.count * redistributor_bytes;
    if (gic.version == 3 ? gic.redistributor.size.raw() < redistributors
                         : gic.cpu_interface.size.raw() < cpu_interface_bytes)
        return false;

    const auto inside = [&](Region range) { return range.contains(*machine_.initrd); };
    if (machine_.initrd && std::ranges::none_of(machine_.memory.all(), inside))
        return false;

    const std::array kernel_only{gic.distributor, gic.redistributor, gic.cpu_interface,
                                 machine_.uart.registers};
    return std::ranges::none_of(machine_.virtio.all(), [&](const DeviceNode& device) {
        const auto meets = [&](Region range) { return range.pages().overlaps(device.registers); };
        return std::ranges::any_of(kernel_only, meets)
               || std::ranges::any_of(machine_.memory.all(), meets);
    });
}

}  // namespace

// Filled in place: it is large for a kernel stack.
Result<MachineDescription> describe(std::span<const std::byte> blob)
{
    Result<MachineDescription> machine{std::in_place};
    if (const Errc wrong = Collector{blob, *machine}.collect(); wrong != Errc::ok)
        machine = fail(wrong);
    return machine;
}

}  // namespace kernel
