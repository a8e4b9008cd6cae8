// arch/aarch64/gicv2.cpp - the CPU interface and the targets of a GICv2.

#include "arch/aarch64/gicv2.hpp"

#include "arch/aarch64/sysreg.hpp"

namespace kernel::gicv2 {

namespace {

// Distributor (IHI 0048, 4.3)
constexpr Bytes gicd_isenabler0{0x0100};
constexpr Bytes gicd_itargetsr{0x0800};
constexpr Bytes gicd_sgir{0x0f00};
constexpr u32 distributor_enable = 1;

// CPU interface (4.4)
constexpr Bytes gicc_ctlr{0x0000};
constexpr Bytes gicc_pmr{0x0004};
constexpr Bytes gicc_iar{0x000c};
constexpr Bytes gicc_eoir{0x0010};
constexpr Bytes gicc_dir{0x1000};
constexpr u32 interface_enable = 1;
constexpr u32 eoi_drops_priority = 1u << 9;  // EOImode, as seen by the one security state there is

constexpr u32 id_mask = 0x3ff;
constexpr u32 first_private_line = 16;  // below: SGIs
constexpr u32 spurious = 1020;

constinit PhysAddr cpu_interface;

// A GIC of one CPU has no targets: they read as zero, and writes are ignored.
u8 own_target(const Distributor& distributor)
{
    const u8 target = mmio::read8(distributor.base() + gicd_itargetsr);
    return target == 0 ? 1 : target;
}

}  // namespace

void start(Distributor& distributor, PhysAddr base, PhysAddr cpus_own)
{
    cpu_interface = cpus_own;
    distributor.start(base, distributor_enable);
    const u8 target = own_target(distributor);
    for (u32 line = first_shared_line; line < distributor.lines(); ++line)
        route(distributor, IntId{line}, target);
}

u64 start_cpu(const Distributor& distributor, u32 private_lines)
{
    mmio::write32(distributor.base() + gicd_isenabler0, private_lines);
    mmio::write32(cpu_interface + gicc_pmr, 0xff);
    mmio::write32(cpu_interface + gicc_ctlr, interface_enable | eoi_drops_priority);
    return own_target(distributor);
}

// QEMU keeps an edge for the targets that the line had when it came: it must come again for the new
// one, and a line without targets would lose it (so start() gives one to each).
void route(const Distributor& distributor, IntId line, u64 target)
{
    mmio::write8(distributor.base() + gicd_itargetsr + Bytes{line.raw()}, static_cast<u8>(target));
    if (distributor.keeps_edge(line))
        distributor.repeat_edge(line);
}

void send(const Distributor& distributor, IntId sgi, u64 target)
{
    sysreg::dsb_ishst();  // what was written is seen by whom this wakes
    mmio::write32(distributor.base() + gicd_sgir, static_cast<u32>(target) << 16 | sgi.raw());
}

u32 take()
{
    const u32 taken = mmio::read32(cpu_interface + gicc_iar);  // of an SGI: with its sender
    const u32 id = taken & id_mask;
    if (id >= spurious)
        return id;
    mmio::write32(cpu_interface + gicc_eoir, taken);
    if (id < first_private_line)
        mmio::write32(cpu_interface + gicc_dir, taken);
    return id;
}

// A shared line by the distributor: QEMU's GICC_DIR forgets only what its own CPU took.
void deactivate(const Distributor& distributor, IntId line)
{
    if (line.raw() >= first_shared_line)
        distributor.deactivate(line);
    else if (line.raw() >= first_private_line)
        mmio::write32(cpu_interface + gicc_dir, line.raw());
}

}  // namespace kernel::gicv2
