// arch/aarch64/gic_distributor.cpp - lines are configured, masked and deactivated.

#include "arch/aarch64/gic_distributor.hpp"

#include "arch/aarch64/sysreg.hpp"

namespace kernel {

namespace {

// IHI 0048, 4.3; IHI 0069, 12.9
constexpr Bytes gicd_ctlr{0x0000};
constexpr Bytes gicd_typer{0x0004};
constexpr Bytes gicd_isenabler{0x0100};
constexpr Bytes gicd_icenabler{0x0180};
constexpr Bytes gicd_ispendr{0x0200};
constexpr Bytes gicd_icpendr{0x0280};
constexpr Bytes gicd_icactiver{0x0380};
constexpr Bytes gicd_ipriorityr{0x0400};
constexpr Bytes gicd_icfgr{0x0c00};
constexpr u32 ctlr_write_pending = 1u << 31;  // zero in a GICv2

constexpr u8 line_priority = 0xa0;

u32 bit_of(IntId line) { return 1u << (line.raw() % 32); }
u32 edge_bit_of(IntId line) { return 2u << (2 * (line.raw() % 16)); }

Bytes word_of(Bytes array, u32 line, u32 lines_per_word)
{
    return Bytes{array.raw() + u64{line / lines_per_word} * 4};
}

}  // namespace

// Reading the register back is what a GICv2 needs: the writes before have arrived.
void Distributor::wait_for_write() const
{
    while ((mmio::read32(base_ + gicd_ctlr) & ctlr_write_pending) != 0)
        sysreg::yield();
}

void Distributor::start(PhysAddr base, u32 control)
{
    base_ = base;
    mmio::write32(base_ + gicd_ctlr, control);
    wait_for_write();
}

u32 Distributor::lines() const { return 32 * ((mmio::read32(base_ + gicd_typer) & 0x1f) + 1); }

void Distributor::configure(IntId line, bool edge) const
{
    const u32 id = line.raw();
    mmio::write8(base_ + gicd_ipriorityr + Bytes{id}, line_priority);
    const PhysAddr config = base_ + word_of(gicd_icfgr, id, 16);
    const u32 old = mmio::read32(config);
    mmio::write32(config, edge ? old | edge_bit_of(line) : old & ~edge_bit_of(line));
}

// Arrays with one register to set bits and one to clear them: zeros change nothing.
void Distributor::set_bit_of(Bytes array, IntId line) const
{
    mmio::write32(base_ + word_of(array, line.raw(), 32), bit_of(line));
}

void Distributor::enable(IntId line) const { set_bit_of(gicd_isenabler, line); }

void Distributor::disable(IntId line) const
{
    set_bit_of(gicd_icenabler, line);
    wait_for_write();  // no new delivery after this
}

void Distributor::deactivate(IntId line) const { set_bit_of(gicd_icactiver, line); }

bool Distributor::keeps_edge(IntId line) const
{
    const u32 pending = mmio::read32(base_ + word_of(gicd_ispendr, line.raw(), 32));
    const u32 config = mmio::read32(base_ + word_of(gicd_icfgr, line.raw(), 16));
    return (pending & bit_of(line)) != 0 && (config & edge_bit_of(line)) != 0;
}

void Distributor::repeat_edge(IntId line) const
{
    set_bit_of(gicd_icpendr, line);
    set_bit_of(gicd_ispendr, line);
}

}  // namespace kernel
