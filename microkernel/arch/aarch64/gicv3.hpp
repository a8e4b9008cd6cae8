// arch/aarch64/gicv3.hpp - what is particular to a GICv3: a redistributor per CPU, affinities, the
// CPU interface in system registers. Arm IHI 0069.
#pragma once

#include "arch/aarch64/gic_distributor.hpp"
#include "arch/aarch64/sysreg.hpp"

namespace kernel::gicv3 {

void start(Distributor& distributor, PhysAddr base, PhysAddr redistributors);
// On the CPU itself: lets through the private lines of the mask. Its affinity.
u64 start_cpu(u32 private_lines);

void route(const Distributor& distributor, IntId line, u64 affinity);
void send(IntId sgi, u64 affinity);

inline u32 acknowledge() { return static_cast<u32>(sysreg::icc_iar1()); }
inline void drop_priority(u32 id) { sysreg::set_icc_eoir1(id); }
inline void deactivate(IntId line) { sysreg::set_icc_dir(line.raw()); }

}  // namespace kernel::gicv3
