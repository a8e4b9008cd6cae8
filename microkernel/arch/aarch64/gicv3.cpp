// arch/aarch64/gicv3.cpp - redistributors, CPU interface and routes of a GICv3.

#include "arch/aarch64/gicv3.hpp"

#include "console.hpp"

namespace kernel::gicv3 {

namespace {

// Distributor (IHI 0069, 12.9)
constexpr Bytes gicd_igroupr{0x0080};
constexpr Bytes gicd_irouter{0x6000};
constexpr u32 ctlr_enable_group1 = 1u << 1;
constexpr u32 ctlr_affinity_routing = 1u << 4;

// Redistributor: one frame of 128 KiB a CPU, two of them with virtual LPIs; the second half of the
// first is for the CPU's own interrupts (12.11)
constexpr Bytes redistributor_frame{0x20000};
constexpr Bytes gicr_typer{0x0008};
constexpr Bytes gicr_typer_affinity{0x000c};
constexpr Bytes gicr_waker{0x0014};
constexpr Bytes gicr_sgi{0x10000};
constexpr Bytes gicr_igroupr0{0x0080};
constexpr Bytes gicr_isenabler0{0x0100};
constexpr u32 typer_virtual_lpis = 1u << 1;
constexpr u32 typer_last = 1u << 4;
constexpr u32 waker_sleep = 1u << 1;
constexpr u32 waker_children_asleep = 1u << 2;

constinit PhysAddr redistributors;

// MPIDR_EL1 has Aff3 apart from the others, and so have all registers but GICR_TYPER.
constexpr u64 affinity_mask = 0xff'00ff'ffff;
constexpr u32 packed(u64 affinity)
{
    return static_cast<u32>((affinity & 0xff'ffff) | (affinity >> 8 & 0xff00'0000));
}
static_assert(packed(0x04'0003'0201) == 0x0403'0201);

// ICC_SGI1R_EL1: one CPU by a bit among sixteen of the same higher affinities (12.2)
constexpr u64 sgi_to(IntId sgi, u64 affinity)
{
    const u64 aff0 = affinity & 0xff;
    const u64 aff1 = affinity >> 8 & 0xff;
    const u64 aff2 = affinity >> 16 & 0xff;
    const u64 aff3 = affinity >> 32 & 0xff;
    return aff3 << 48 | aff0 / 16 << 44 | aff2 << 32 | u64{sgi.raw()} << 24 | aff1 << 16
           | u64{1} << (aff0 % 16);
}
static_assert(sgi_to(IntId{0}, 0x0) == 1);
static_assert(sgi_to(IntId{5}, 0x04'0003'0212) == 0x0004'1003'0502'0004);

PhysAddr own_redistributor(u64 affinity)
{
    PhysAddr frame = redistributors;
    for (;;) {
        const u32 type = mmio::read32(frame + gicr_typer);
        if (mmio::read32(frame + gicr_typer_affinity) == packed(affinity))
            return frame;
        if ((type & typer_last) != 0)
            panic("a CPU has no redistributor");
        frame = frame + redistributor_frame;
        if ((type & typer_virtual_lpis) != 0)
            frame = frame + redistributor_frame;
    }
}

void wake(PhysAddr frame)
{
    const u32 waker = mmio::read32(frame + gicr_waker);
    mmio::write32(frame + gicr_waker, waker & ~waker_sleep);
    while ((mmio::read32(frame + gicr_waker) & waker_children_asleep) != 0)
        sysreg::yield();
}

}  // namespace

void start(Distributor& distributor, PhysAddr base, PhysAddr redistributors_base)
{
    redistributors = redistributors_base;
    distributor.start(base, ctlr_affinity_routing | ctlr_enable_group1);
    for (u32 line = first_shared_line; line < distributor.lines(); line += 32)
        mmio::write32(base + gicd_igroupr + Bytes{line / 32 * u64{4}}, ~u32{0});
}

u64 start_cpu(u32 private_lines)
{
    const u64 affinity = sysreg::mpidr() & affinity_mask;
    const PhysAddr frame = own_redistributor(affinity);
    wake(frame);
    mmio::write32(frame + gicr_sgi + gicr_igroupr0, ~u32{0});
    mmio::write32(frame + gicr_sgi + gicr_isenabler0, private_lines);

    sysreg::set_icc_sre(1);
    sysreg::isb();  // the other registers exist only with SRE
    sysreg::set_icc_pmr(0xff);
    sysreg::set_icc_ctlr(1u << 1);  // EOImode
    sysreg::set_icc_igrpen1(1);
    sysreg::isb();
    return affinity;
}

void route(const Distributor& distributor, IntId line, u64 affinity)
{
    mmio::write64(distributor.base() + gicd_irouter + Bytes{u64{line.raw()} * 8}, affinity);
}

void send(IntId sgi, u64 affinity)
{
    sysreg::dsb_ishst();  // what was written is seen by whom this wakes
    sysreg::set_icc_sgi1r(sgi_to(sgi, affinity));
    sysreg::isb();  // it is sent before what follows
}

}  // namespace kernel::gicv3
