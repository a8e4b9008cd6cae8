// arch/aarch64/gicv3.cpp - set-up of the interrupt controller, and masking of lines.

#include "arch/aarch64/gicv3.hpp"

namespace kernel {

namespace {

// Distributor (IHI 0069, 12.9)
constexpr Bytes gicd_ctlr{0x0000};
constexpr Bytes gicd_typer{0x0004};
constexpr Bytes gicd_igroupr{0x0080};
constexpr Bytes gicd_isenabler{0x0100};
constexpr Bytes gicd_icenabler{0x0180};
constexpr Bytes gicd_ipriorityr{0x0400};
constexpr Bytes gicd_icfgr{0x0c00};
constexpr Bytes gicd_irouter{0x6000};
constexpr u32 ctlr_enable_group1 = 1u << 1;
constexpr u32 ctlr_affinity_routing = 1u << 4;
constexpr u32 ctlr_write_pending = 1u << 31;

// Redistributor: one frame of 128 KiB a CPU, the second half for its own interrupts (12.11)
constexpr u64 redistributor_stride = 0x20000;
constexpr Bytes gicr_waker{0x0014};
constexpr Bytes gicr_sgi{0x10000};
constexpr u32 waker_sleep = 1u << 1;
constexpr u32 waker_children_asleep = 1u << 2;

constexpr u8 line_priority = 0xa0;

Bytes word_of(Bytes array, u32 line, u32 lines_per_word)
{
    return Bytes{array.raw() + u64{line / lines_per_word} * 4};
}

}  // namespace

void Gic::wait_for_write() const
{
    while ((mmio::read32(distributor_ + gicd_ctlr) & ctlr_write_pending) != 0)
        sysreg::yield();
}

void Gic::start(PhysAddr distributor, PhysAddr redistributors)
{
    distributor_ = distributor;
    redistributors_ = redistributors;
    lines_ = 32 * ((mmio::read32(distributor_ + gicd_typer) & 0x1f) + 1);
    mmio::write32(distributor_ + gicd_ctlr, ctlr_affinity_routing | ctlr_enable_group1);
    wait_for_write();
}

void Gic::start_cpu(u32 cpu, IntId timer)
{
    const PhysAddr frame = redistributors_ + Bytes{redistributor_stride * cpu};
    const u32 waker = mmio::read32(frame + gicr_waker);
    mmio::write32(frame + gicr_waker, waker & ~waker_sleep);
    while ((mmio::read32(frame + gicr_waker) & waker_children_asleep) != 0)
        sysreg::yield();
    mmio::write32(frame + gicr_sgi + gicd_igroupr, ~u32{0});
    mmio::write32(frame + gicr_sgi + gicd_isenabler, 1u << timer.raw());

    sysreg::set_icc_sre(1);
    sysreg::isb();  // the other registers exist only with SRE
    sysreg::set_icc_pmr(0xff);
    sysreg::set_icc_ctlr(1u << 1);  // EOImode
    sysreg::set_icc_igrpen1(1);
    sysreg::isb();
}

void Gic::enable(IntId line, bool edge, u64 affinity) const
{
    const u32 id = line.raw();
    const u32 mask = 1u << (id % 32);
    const PhysAddr group = distributor_ + word_of(gicd_igroupr, id, 32);
    mmio::write32(group, mmio::read32(group) | mask);
    mmio::write8(distributor_ + gicd_ipriorityr + Bytes{id}, line_priority);
    mmio::write64(distributor_ + gicd_irouter + Bytes{u64{id} * 8}, affinity);
    const PhysAddr config = distributor_ + word_of(gicd_icfgr, id, 16);
    const u32 edge_bit = 2u << (2 * (id % 16));
    const u32 old = mmio::read32(config);
    mmio::write32(config, edge ? old | edge_bit : old & ~edge_bit);
    mmio::write32(distributor_ + word_of(gicd_isenabler, id, 32), mask);
}

void Gic::disable(IntId line) const
{
    mmio::write32(distributor_ + word_of(gicd_icenabler, line.raw(), 32), 1u << (line.raw() % 32));
    wait_for_write();  // no new delivery after this
}

}  // namespace kernel
