// arch/aarch64/gic.cpp - set-up of the interrupt controller, and where its lines go.

#include "arch/aarch64/gic.hpp"

namespace kernel {

void Gic::start(u32 version, PhysAddr distributor, PhysAddr of_cpus)
{
    version_2_ = version == 2;
    if (version_2_)
        gicv2::start(distributor_, distributor, of_cpus);
    else
        gicv3::start(distributor_, distributor, of_cpus);
}

void Gic::start_cpu(u32 cpu, IntId timer)
{
    const u32 private_lines = 1u << timer.raw() | 1u << ipi.raw();
    places_[cpu] = version_2_ ? gicv2::start_cpu(distributor_, private_lines)
                              : gicv3::start_cpu(private_lines);
}

void Gic::enable(IntId line, bool edge, u32 cpu) const
{
    distributor_.configure(line, edge);
    route(line, cpu);
    distributor_.enable(line);
}

void Gic::route(IntId line, u32 cpu) const
{
    if (version_2_)
        gicv2::route(distributor_, line, places_[cpu]);
    else
        gicv3::route(distributor_, line, places_[cpu]);
}

void Gic::send_ipi(u32 cpu) const
{
    if (version_2_)
        gicv2::send(distributor_, ipi, places_[cpu]);
    else
        gicv3::send(ipi, places_[cpu]);
}

}  // namespace kernel
