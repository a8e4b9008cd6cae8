// boot/device_tree.cpp - from the nodes of the device tree to a MachineDescription, in one pass.
#include "boot/device_tree.hpp"

#include "boot/tree_node.hpp"

#include <algorithm>

namespace kernel {
namespace {

constexpr usize max_depth = 16;
constexpr u64 redistributor_bytes = 0x20000;  // RD_base and SGI_base of one CPU
constexpr u64 cpu_interface_bytes = 0x2000;   // up to GICC_DIR

bool empty(Region range) { return range.size.raw() == 0; }

bool contains(Region outer, Region inner)
{
    return outer.base <= inner.base && inner.end() <= outer.end();
}

// Whether some page holds bytes of both.
bool share_page(Region a, Region b)
{
    const auto first = [](Region range) { return align_down(range.base.raw(), page_bytes); };
    const auto end = [](Region range) { return align_up(range.end(), page_bytes); };
    return !empty(b) && first(a) < end(b) && first(b) < end(a);
}

// Takes the nodes one by one, then checks what only all of them together can tell.
class Collector {
public:
    Result<> visit(const TreeNode& node, const TreeBus& parent);
    Result<> reserve(Blob pairs);
    Result<MachineDescription> finish();

private:
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

    MachineDescription machine_;
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
    if (!parent.transparent)
        return {};
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

Region where(Region range) { return range; }
Region where(const DeviceNode& device) { return device.registers; }

// Keeps a list sorted by address, without overlaps.
template <class T, usize N>
Result<> insert(UpTo<T, N>& list, const T& value)
{
    const Region added = where(value);
    usize at = 0;
    for (const T& other : list.all()) {
        if (where(other).base.raw() < added.end() && added.base.raw() < where(other).end())
            return fail(Errc::malformed);
        at += where(other).base < added.base ? 1 : 0;
    }
    const auto room = list.add(value);
    if (room)
        std::ranges::rotate(list.all().subspan(at), list.all().end() - 1);
    return room;
}

Result<> Collector::memory(const TreeNode& node, const TreeBus& parent)
{
    for (usize n = 0; n < std::max<usize>(region_count(node, parent), 1); ++n) {
        const auto range = region(node, parent, n);
        const Result<> kept = range ? insert(machine_.memory, *range) : fail(range.error());
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
    if (empty(machine_.uart.registers) || found->registers.base < machine_.uart.registers.base)
        machine_.uart = *found;
    return {};
}

Result<> Collector::virtio(const TreeNode& node, const TreeBus& parent)
{
    const auto found = device(node, parent);
    return found ? insert(machine_.virtio, *found) : fail(found.error());
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

Result<MachineDescription> Collector::finish()
{
    const auto all = complete();
    if (!all)
        return fail(all.error());
    const auto sound = consistent();
    if (!sound)
        return fail(sound.error());
    return machine_;
}

Result<> Collector::complete() const
{
    const bool all = machine_.memory.count != 0 && machine_.cpus.count != 0
                     && machine_.psci != PsciConduit::none && machine_.gic.version != 0
                     && machine_.virtual_timer_intid != 0 && !empty(machine_.uart.registers);
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

    const auto inside = [&](Region range) { return contains(range, *machine_.initrd); };
    if (machine_.initrd && std::ranges::none_of(machine_.memory.all(), inside))
        return fail(Errc::malformed);

    const std::array kernel_only{gic.distributor, gic.redistributor, gic.cpu_interface,
                                 machine_.uart.registers};
    for (const DeviceNode& device : machine_.virtio.all()) {
        const auto meets = [&](Region range) { return share_page(device.registers, range); };
        if (std::ranges::any_of(kernel_only, meets)
            || std::ranges::any_of(machine_.memory.all(), meets))
            return fail(Errc::malformed);
    }
    return {};
}

// Follows the nesting: a node is visited when all its properties are known, before its children.
class Walk {
public:
    explicit Walk(Collector& collector) : collector_{collector} {}

    // True until the tree has ended.
    Result<bool> step(const TreeItem& item);

private:
    Result<bool> begin(std::string_view name);
    Result<bool> property(const TreeItem& item);
    Result<bool> end_node();
    Result<> complete_node();

    Collector& collector_;
    std::array<TreeBus, max_depth + 1> open_{};  // [0] is above the root
    usize depth_ = 0;
    TreeNode node_;
    bool in_properties_ = false;
    bool root_seen_ = false;
};

Result<bool> Walk::step(const TreeItem& item)
{
    switch (item.token) {
    case Token::begin_node:
        return begin(item.name);
    case Token::property:
        return property(item);
    case Token::end_node:
        return end_node();
    default:
        break;
    }
    if (depth_ != 0 || !root_seen_)
        return fail(Errc::malformed);
    return false;
}

Result<bool> Walk::begin(std::string_view name)
{
    const auto done = complete_node();
    if (!done)
        return fail(done.error());
    if (depth_ == max_depth || (depth_ == 0 && root_seen_))
        return fail(Errc::malformed);
    ++depth_;
    root_seen_ = true;
    node_ = {};
    node_.name = name;
    in_properties_ = true;
    return true;
}

Result<bool> Walk::property(const TreeItem& item)
{
    Value* const place = property_of(node_, item.name);
    if (!in_properties_ || (place != nullptr && *place))
        return fail(Errc::malformed);  // after a child, or twice
    if (place != nullptr)
        *place = item.value;
    return true;
}

Result<bool> Walk::end_node()
{
    const auto done = complete_node();
    if (!done)
        return fail(done.error());
    if (depth_ == 0)
        return fail(Errc::malformed);
    --depth_;
    return true;
}

Place place_of(const TreeNode& node, const TreeBus& parent)
{
    if (parent.place == Place::nowhere)
        return Place::root;
    if (parent.place == Place::root && node.name == "cpus")
        return Place::cpus;
    if (parent.place == Place::root && node.name == "reserved-memory")
        return Place::reserved_memory;
    return Place::elsewhere;
}

Result<> Walk::complete_node()
{
    if (!in_properties_)
        return {};
    in_properties_ = false;
    const TreeBus& parent = open_[depth_ - 1];
    const auto address_cells = cell_or(node_.address_cells, 2);
    const auto size_cells = cell_or(node_.size_cells, 1);
    const auto interrupt_parent = cell_or(node_.interrupt_parent, parent.interrupt_parent);
    if (!address_cells || !size_cells || !interrupt_parent)
        return fail(Errc::malformed);

    const Place place = place_of(node_, parent);
    const bool same_addresses = parent.transparent && node_.ranges && node_.ranges->empty();
    open_[depth_] = {.place = place,
                     .address_cells = *address_cells,
                     .size_cells = *size_cells,
                     .interrupt_parent = *interrupt_parent,
                     .enabled = parent.enabled && node_.enabled(),
                     .transparent = place == Place::root || same_addresses};
    return open_[depth_].enabled ? collector_.visit(node_, parent) : Result<>{};
}

}  // namespace

Result<MachineDescription> describe(std::span<const std::byte> blob)
{
    auto tree = FlatTree::open(blob);
    if (!tree)
        return fail(tree.error());
    Collector collector;
    const auto reserved = collector.reserve(tree->reservations());
    if (!reserved)
        return fail(reserved.error());

    Walk walk{collector};
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

}  // namespace kernel
