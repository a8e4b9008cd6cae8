// boot/tree_node.hpp - one node of the device tree: its properties of interest, and how to read
// them.
#pragma once

#include "boot/device_tree.hpp"
#include "boot/flat_tree.hpp"

#include <algorithm>
#include <array>

namespace kernel {

inline constexpr u64 max_address = u64{1} << 52;  // a physical address has no more bits

using Value = std::optional<Blob>;  // of a property; an empty one is present

struct TreeNode {
    std::string_view name;
    Value compatible, device_type, status, reg, ranges, dma_coherent;
    Value interrupts, interrupt_parent, interrupt_cells, phandle;
    Value address_cells, size_cells;
    Value method, enable_method;
    Value initrd_start, initrd_end, bootargs;

    bool enabled() const;
};

// Where a node hangs decides what it is, and how its numbers are read.
enum class Place : u8 { nowhere, root, cpus, reserved_memory, elsewhere };

// What a node means to its children.
struct TreeBus {
    Place place = Place::nowhere;
    u32 address_cells = 2;
    u32 size_cells = 1;
    u32 interrupt_parent = 0;
    bool enabled = true;
    bool transparent = false;  // addresses below it are physical addresses
};

// The properties that are kept, by name.
struct KnownProperty {
    std::string_view name;
    Value TreeNode::* place;
};
inline constexpr std::array known_properties{
    KnownProperty{"reg", &TreeNode::reg},
    KnownProperty{"compatible", &TreeNode::compatible},
    KnownProperty{"interrupts", &TreeNode::interrupts},
    KnownProperty{"dma-coherent", &TreeNode::dma_coherent},
    KnownProperty{"status", &TreeNode::status},
    KnownProperty{"device_type", &TreeNode::device_type},
    KnownProperty{"ranges", &TreeNode::ranges},
    KnownProperty{"interrupt-parent", &TreeNode::interrupt_parent},
    KnownProperty{"#interrupt-cells", &TreeNode::interrupt_cells},
    KnownProperty{"phandle", &TreeNode::phandle},
    KnownProperty{"#address-cells", &TreeNode::address_cells},
    KnownProperty{"#size-cells", &TreeNode::size_cells},
    KnownProperty{"method", &TreeNode::method},
    KnownProperty{"enable-method", &TreeNode::enable_method},
    KnownProperty{"linux,initrd-start", &TreeNode::initrd_start},
    KnownProperty{"linux,initrd-end", &TreeNode::initrd_end},
    KnownProperty{"bootargs", &TreeNode::bootargs},
};

inline Value* property_of(TreeNode& node, std::string_view name)
{
    const auto* const known = std::ranges::find(known_properties, name, &KnownProperty::name);
    return known == known_properties.end() ? nullptr : &(node.*known->place);
}

// A list of strings, each with its zero byte; what has none is no string.
inline bool lists(const Value& list, std::string_view wanted)
{
    Blob rest = list.value_or(Blob{});
    for (auto text = zero_terminated(rest, 0); text; text = zero_terminated(rest, 0)) {
        if (*text == wanted)
            return true;
        rest = rest.subspan(text->size() + 1);
    }
    return false;
}

inline bool TreeNode::enabled() const
{
    return !status || lists(status, "okay") || lists(status, "ok");
}

// A number of one or two cells.
inline Result<u64> number(Blob cells)
{
    if (cells.size() == 4)
        return big_endian_32(cells, 0);
    if (cells.size() == 8)
        return big_endian_64(cells, 0);
    return fail(Errc::malformed);
}

// A property that is one cell, or `otherwise` if the node has none.
inline Result<u32> cell_or(const Value& value, u32 otherwise)
{
    if (!value)
        return otherwise;
    if (value->size() != 4)
        return fail(Errc::malformed);
    return big_endian_32(*value, 0);
}

// The n-th address and size of `reg`. Nothing of size zero, and nothing that a CPU cannot address.
inline Result<Region> region(const TreeNode& node, const TreeBus& parent, usize n)
{
    const u32 a = parent.address_cells;
    const u32 s = parent.size_cells;
    if (!node.reg || a > 2 || s > 2)
        return fail(Errc::malformed);
    const usize entry = usize{4} * (a + s);
    if (!fits(n * entry, entry, node.reg->size()))
        return fail(Errc::malformed);

    const auto cells = node.reg->subspan(n * entry, entry);
    const auto base = number(cells.first(usize{4} * a));
    const auto size = number(cells.subspan(usize{4} * a));
    if (!base || !size || *size == 0 || !fits(*base, *size, max_address))
        return fail(Errc::malformed);
    return Region{PhysAddr{*base}, Bytes{*size}};
}

inline usize region_count(const TreeNode& node, const TreeBus& parent)
{
    const usize entry = usize{4} * (u64{parent.address_cells} + parent.size_cells);
    return node.reg && entry != 0 ? node.reg->size() / entry : 0;
}

// The n-th specifier of `interrupts` in the GIC's form: kind, number, flags.
inline Result<InterruptLine> interrupt(const TreeNode& node, usize n)
{
    constexpr usize entry = 12;
    if (!node.interrupts || !fits(n * entry, entry, node.interrupts->size()))
        return fail(Errc::malformed);
    const u32 kind = big_endian_32(*node.interrupts, n * entry);
    const u32 line = big_endian_32(*node.interrupts, n * entry + 4);
    const bool edge = (big_endian_32(*node.interrupts, n * entry + 8) & 3) != 0;
    if (kind == 0 && line < 988)
        return InterruptLine{32 + line, edge};
    if (kind == 1 && line < 16)
        return InterruptLine{16 + line, edge};
    return fail(Errc::malformed);
}

}  // namespace kernel
