// arch/aarch64/gicv2.hpp - what is particular to a GICv2: a CPU interface in memory, and target
// bits instead of affinities. Arm IHI 0048.
//
// What a CPU sent (an SGI) ends for its sender, and only the acknowledging read says who that was:
// take() ends it at once, and deactivate() of it does nothing.
#pragma once

#include "arch/aarch64/gic_distributor.hpp"

namespace kernel::gicv2 {

void start(Distributor& distributor, PhysAddr base, PhysAddr cpu_interface);
// On the CPU itself: lets through the private lines of the mask. Its target bit.
u64 start_cpu(const Distributor& distributor, u32 private_lines);

void route(const Distributor& distributor, IntId line, u64 target);
void send(const Distributor& distributor, IntId sgi, u64 target);

u32 take();
void deactivate(const Distributor& distributor, IntId line);

}  // namespace kernel::gicv2
