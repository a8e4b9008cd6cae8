// boot/tree.hpp - a flattened device tree (DTSpec 0.4, chapter 5), node by node.
//
// The blob is not trusted: every offset is compared before use and every step moves forward, so a
// walk ends after at most size / 4 tokens and reads nothing outside the blob. The first thing that
// is wrong is remembered and ends the walk; what is asked of the node before is then nothing.
#pragma once

#include "boot/region.hpp"

#include <string_view>

namespace kernel {

using Blob = std::span<const std::byte>;

constexpr u32 big_endian_32(Blob bytes, usize at)
{
    const auto piece = bytes.subspan(at, 4);
    return std::to_integer<u32>(piece[0]) << 24 | std::to_integer<u32>(piece[1]) << 16
           | std::to_integer<u32>(piece[2]) << 8 | std::to_integer<u32>(piece[3]);
}

// The properties that are kept.
enum class Property : u8 {
    reg,
    compatible,
    interrupts,
    dma_coherent,
    status,
    device_type,
    ranges,
    interrupt_parent,
    interrupt_cells,
    phandle,
    address_cells,
    size_cells,
    method,
    enable_method,
    initrd_start,
    initrd_end,
    bootargs
};
inline constexpr std::array<std::string_view, 17> property_names{"reg",
                                                                 "compatible",
                                                                 "interrupts",
                                                                 "dma-coherent",
                                                                 "status",
                                                                 "device_type",
                                                                 "ranges",
                                                                 "interrupt-parent",
                                                                 "#interrupt-cells",
                                                                 "phandle",
                                                                 "#address-cells",
                                                                 "#size-cells",
                                                                 "method",
                                                                 "enable-method",
                                                                 "linux,initrd-start",
                                                                 "linux,initrd-end",
                                                                 "bootargs"};

struct InterruptLine {
    u32 intid = 0;  // as the GIC counts: 16.. private, 32.. shared
    bool edge = false;
};

class TreeReader {
public:
    explicit TreeReader(Blob blob);

    // The next enabled node, before its children; those of one that is not enabled are skipped
    // with it. False at the end.
    bool next();

    Errc error() const { return error_; }
    void fail_with(Errc why) { error_ = error_ == Errc::ok ? why : error_; }

    // Of the node that next() found.
    std::string_view name() const { return name_; }
    // Where it hangs: in the root, or in the child of the root of this name.
    bool in_root() const { return depth_ == 2; }
    bool in(std::string_view parent) const { return depth_ == 3 && open_[2].name == parent; }
    // Its addresses are physical ones.
    bool on_cpu_bus() const { return parent().transparent; }

    bool has(Property property) const { return value(property).data() != nullptr; }
    Blob value(Property property) const { return values_[static_cast<usize>(property)]; }
    // A list of strings, each with its zero byte; what has none is no string.
    bool lists(Property property, std::string_view wanted) const;
    std::string_view text(Property property);
    u64 number(Property property) { return number(value(property)); }
    u32 cell(Property property, u32 otherwise);
    u32 size_cells() const { return parent().size_cells; }
    u32 interrupt_parent() const { return open_[depth_].interrupt_parent; }
    // The n-th address and size of `reg`: nothing of size zero, and nothing that a CPU cannot
    // address. Empty if it is wrong.
    Region region(usize n);
    usize region_count() const;
    // The n-th specifier of `interrupts` in the GIC's form.
    InterruptLine interrupt(usize n);

    // Calls f(range) for each range of the memory reservation block.
    template <class F>
    void each_reservation(F f)
    {
        for (usize at = 0; fits(at, 16, reservations_.size()); at += 16) {
            const u64 base = number(reservations_.subspan(at, 8));
            const u64 size = number(reservations_.subspan(at + 8, 8));
            if (base == 0 && size == 0)
                return;
            f(checked(base, size));
        }
        fail_with(Errc::malformed);
    }

private:
    static constexpr usize max_depth = 16;
    enum class Token : u32 { begin_node = 1, end_node = 2, property = 3, nop = 4, end = 9 };

    // What a node means to its children.
    struct Bus {
        std::string_view name;
        u32 address_cells = 2;
        u32 size_cells = 1;
        u32 interrupt_parent = 0;
        bool enabled = true;
        bool transparent = false;  // addresses below it are physical addresses
    };

    const Bus& parent() const { return open_[depth_ - 1]; }
    bool fail_walk() { return fail_with(Errc::malformed), false; }
    bool take(Token wanted);
    bool open_header(Blob blob);
    bool open_node();
    bool take_property();
    std::string_view zero_terminated(Blob bytes, usize at);
    u64 number(Blob cells);
    Region checked(u64 base, u64 size);

    Blob structure_;
    Blob strings_;
    Blob reservations_;
    usize at_ = 0;
    Errc error_ = Errc::ok;
    std::array<Bus, max_depth + 1> open_{};  // [0] is above the root
    usize depth_ = 0;
    bool root_seen_ = false;
    std::string_view name_;
    std::array<Blob, property_names.size()> values_{};
};

}  // namespace kernel
