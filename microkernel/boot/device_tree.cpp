// boot/device_tree.cpp - from the nodes of the device tree to a MachineDescription, in one pass.
#include "boot/device_tree.hpp"

#include "boot/tree_walk.hpp"

#include <algorithm>

namespace kernel {
namespace {

constexpr u64 redistributor_bytes = 0x20000;  // RD_base and SGI_base of one CPU
constexpr u64 cpu_interface_bytes = 0x2000;   // up to GICC_DIR

// Takes the nodes one by one, then checks what only all of them together can tell.
class Collector {
public:
    explicit Collector(MachineDescription& machine) : machine_{machine} {}

    Result<> visit(const TreeNode& node, const TreeBus& parent);
    Result<> reserve(Blob pairs);
    Result<> finish() const;

private:
    Result<> addressed(const TreeNode& node, const TreeBus& parent);
    Result<> chosen(const TreeNode& node);
    Result<> cpu(const TreeNode& node, const TreeBus& parent);
    Result<> memory(const TreeNode& node, const TreeBus& parent);
    Result<> reserved(const TreeNode& node, const TreeBus& parent);
    Result<> gic(const TreeNode& node, const TreeBus& parent, u32 version);
    Result<> timer(const TreeNode& node, const TreeBus& parent);
    Result<> psci(const TreeNode& node);
    Result<> uart(const TreeNode& node, const TreeBus& parent);
    Result<> virtio(const TreeNode& node, const TreeBus& parent);
    Result<InterruptLine> line(const TreeNode& node, const TreeBus& parent, usize n);
    Result<DeviceNode> device(const TreeNode& node, const TreeBus& parent);
    Result<> complete() const;
    Result<> consistent() const;

    MachineDescription& machine_;
    std::optional<u32> gic_phandle_;
    std::optional<u32> interrupt_parent_;  // of the devices seen
    bool one_interrupt_parent_ = true;
};

Result<> Collector::visit(const TreeNode& node, const TreeBus& parent)
{
    if (parent.place == Place::root && node.name == "chosen")
        return chosen(node);
    if (parent.place == Place::cpus)
        return lists(node.device_type, "cpu") ? cpu(node, parent) : Result<>{};
    if (lists(node.compatible, "arm,psci-1.0") || lists(node.compatible, "arm,psci-0.2"))
        return psci(node);
    if (lists(node.compatible, "arm,armv8-timer"))
        return timer(node, parent);
    return parent.transparent ? addressed(node, parent) : Result<>{};
}

// Nodes whose `reg` is an address of the CPU's.
Result<> Collector::addressed(const TreeNode& node, const TreeBus& parent)
{
    if (parent.place == Place::reserved_memory)
        return reserved(node, parent);
    if (parent.place == Place::root && lists(node.device_type, "memory"))
        return memory(node, parent);
    if (lists(node.compatible, "virtio,mmio"))
        return virtio(node, parent);
    if (lists(node.compatible, "arm,pl011"))
        return uart(node, parent);
    if (lists(node.compatible, "arm,gic-v3"))
        return gic(node, parent, 3);
    if (lists(node.compatible, "arm,cortex-a15-gic") || lists(node.compatible, "arm,gic-400"))
        return gic(node, parent, 2);
    return {};
}

Result<> Collector::chosen(const TreeNode& node)
{
    if (node.bootargs) {
        const auto text = zero_terminated(*node.bootargs, 0);
        if (!text)
            return fail(text.error());
        machine_.bootargs = *text;
    }
    if (!node.initrd_start && !node.initrd_end)
        return {};
    const auto start = number(node.initrd_start.value_or(Blob{}));
    const auto end = number(node.initrd_end.value_or(Blob{}));
    if (!start || !end || *end < *start)
        return fail(Errc::malformed);
    if (*start != *end)
        machine_.initrd = Region{PhysAddr{*start}, Bytes{*end - *start}};
    return {};
}

Result<> Collector::cpu(const TreeNode& node, const TreeBus& parent)
{
    const auto mpidr = number(node.reg.value_or(Blob{}));
    if (!mpidr || parent.size_cells != 0)
        return fail(Errc::malformed);
    ++machine_.cpus_present;
    (void)machine_.cpus.add({*mpidr, lists(node.enable_method, "psci")});
    return {};
}

Result<> Collector::memory(const TreeNode& node, const TreeBus& parent)
{
    for (usize n = 0; n < std::max<usize>(region_count(node, parent), 1); ++n) {
        const auto range = region(node, parent, n);
        const Result<> kept = range ? machine_.memory.insert(*range) : fail(range.error());
        if (!kept)
            return kept;
    }
    return {};
}

// Without `reg` the system may choose the place, and this one has no use for it.
Result<> Collector::reserved(const TreeNode& node, const TreeBus& parent)
{
    for (usize n = 0; n < region_count(node, parent); ++n) {
        const auto range = region(node, parent, n);
        const Result<> kept = range ? machine_.reserved.add(*range) : fail(range.error());
        if (!kept)
            return kept;
    }
    return {};
}

// The same in the blob's own block.
Result<> Collector::reserve(Blob pairs)
{
    for (usize at = 0; fits(at, 16, pairs.size()); at += 16) {
        const u64 base = big_endian_64(pairs, at);
        const u64 size = big_endian_64(pairs, at + 8);
        if (base == 0 && size == 0)
            return {};
        if (!fits(base, size, max_address))
            return fail(Errc::malformed);
        const auto kept = machine_.reserved.add({PhysAddr{base}, Bytes{size}});
        if (!kept)
            return kept;
    }
    return fail(Errc::malformed);
}

Result<> Collector::gic(const TreeNode& node, const TreeBus& parent, u32 version)
{
    const auto cells = cell_or(node.interrupt_cells, 0);
    const auto phandle = cell_or(node.phandle, 0);
    const auto distributor = region(node, parent, 0);
    const auto other = region(node, parent, 1);
    if (!cells || *cells != 3 || !phandle || !distributor || !other || machine_.gic.version != 0)
        return fail(Errc::malformed);
    gic_phandle_ = *phandle;
    machine_.gic.version = version;
    machine_.gic.distributor = *distributor;
    (version == 3 ? machine_.gic.redistributor : machine_.gic.cpu_interface) = *other;
    return {};
}

// Secure, non-secure, virtual, hypervisor: the third is ours.
Result<> Collector::timer(const TreeNode& node, const TreeBus& parent)
{
    const auto virtual_timer = line(node, parent, 2);
    if (!virtual_timer || virtual_timer->intid >= 32)
        return fail(Errc::malformed);
    machine_.virtual_timer_intid = virtual_timer->intid;
    return {};
}

Result<> Collector::psci(const TreeNode& node)
{
    if (lists(node.method, "hvc"))
        machine_.psci = PsciConduit::hvc;
    else if (lists(node.method, "smc"))
        machine_.psci = PsciConduit::smc;
    else
        return fail(Errc::malformed);
    return {};
}

Result<> Collector::uart(const TreeNode& node, const TreeBus& parent)
{
    const auto found = device(node, parent);
    if (!found)
        return fail(found.error());
    if (machine_.uart.registers.empty() || found->registers.base < machine_.uart.registers.base)
        machine_.uart = *found;
    return {};
}

Result<> Collector::virtio(const TreeNode& node, const TreeBus& parent)
{
    const auto found = device(node, parent);
    return found ? machine_.virtio.insert(*found) : fail(found.error());
}

// All interrupts must go to one controller; whether that is the GIC is known at the end.
Result<InterruptLine> Collector::line(const TreeNode& node, const TreeBus& parent, usize n)
{
    const auto controller = cell_or(node.interrupt_parent, parent.interrupt_parent);
    if (!controller)
        return fail(controller.error());
    one_interrupt_parent_ =
        one_interrupt_parent_ && *controller == interrupt_parent_.value_or(*controller);
    interrupt_parent_ = *controller;
    return interrupt(node, n);
}

Result<DeviceNode> Collector::device(const TreeNode& node, const TreeBus& parent)
{
    const auto registers = region(node, parent, 0);
    const auto fires = line(node, parent, 0);
    if (!registers || !fires)
        return fail(Errc::malformed);
    return DeviceNode{*registers, *fires, node.dma_coherent.has_value()};
}

Result<> Collector::finish() const
{
    const auto all = complete();
    return all ? consistent() : all;
}

Result<> Collector::complete() const
{
    const bool all = machine_.memory.count != 0 && machine_.cpus.count != 0
                     && machine_.psci != PsciConduit::none && machine_.gic.version != 0
                     && machine_.virtual_timer_intid != 0 && !machine_.uart.registers.empty();
    return all ? Result<>{} : fail(Errc::not_found);
}

Result<> Collector::consistent() const
{
    if (!one_interrupt_parent_ || interrupt_parent_ != gic_phandle_)
        return fail(Errc::not_supported);

    const GicNode& gic = machine_.gic;
    const u64 redistributors = machine_.cpus.count * redistributor_bytes;
    if (gic.version == 3 ? gic.redistributor.size.raw() < redistributors
                         : gic.cpu_interface.size.raw() < cpu_interface_bytes)
        return fail(Errc::malformed);

    const auto inside = [&](Region range) { return range.contains(*machine_.initrd); };
    if (machine_.initrd && std::ranges::none_of(machine_.memory.all(), inside))
        return fail(Errc::malformed);

    const std::array kernel_only{gic.distributor, gic.redistributor, gic.cpu_interface,
                                 machine_.uart.registers};
    for (const DeviceNode& device : machine_.virtio.all()) {
        const auto meets = [&](Region range) { return range.pages().overlaps(device.registers); };
        if (std::ranges::any_of(kernel_only, meets)
            || std::ranges::any_of(machine_.memory.all(), meets))
            return fail(Errc::malformed);
    }
    return {};
}

Result<> collect(Blob blob, MachineDescription& machine)
{
    auto tree = FlatTree::open(blob);
    if (!tree)
        return fail(tree.error());
    Collector collector{machine};
    const auto reserved = collector.reserve(tree->reservations());
    if (!reserved)
        return fail(reserved.error());

    TreeWalk walk{collector};
    for (;;) {
        const auto item = tree->next();
        if (!item)
            return fail(item.error());
        const auto more = walk.step(*item);
        if (!more)
            return fail(more.error());
        if (!*more)
            return collector.finish();
    }
}

}  // namespace

// Filled in place: it is large for a kernel stack.
Result<MachineDescription> describe(std::span<const std::byte> blob)
{
    Result<MachineDescription> machine{std::in_place};
    const auto done = collect(blob, *machine);
    if (!done)
        machine = fail(done.error());
    return machine;
}

}  // namespace kernel
