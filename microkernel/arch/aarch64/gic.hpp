// arch/aarch64/gic.hpp - the interrupt controller, a GICv2 or a GICv3: which of them, is known at
// boot.
//
// EOImode is 1: take() drops the running priority, the line stays active and cannot fire again
// until deactivate(). Nothing is masked at the distributor while a line is in use. CPUs are
// numbered as everywhere in the kernel; what the hardware calls them is learnt by start_cpu().
#pragma once

#include "arch/aarch64/gicv2.hpp"
#include "arch/aarch64/gicv3.hpp"

#include <array>

namespace kernel {

class Gic {
public:
    static constexpr u32 spurious = 1020;  // 1020..1023: there was nothing to take
    static constexpr IntId ipi{0};         // what send_ipi() sends
    static constexpr u32 max_cpus = 8;

    constexpr Gic() = default;

    // `of_cpus`: the redistributors, or the CPU interface of a GICv2.
    void start(u32 version, PhysAddr distributor, PhysAddr of_cpus);
    bool version_3() const { return !version_2_; }
    // On each CPU, before it takes, sends or is sent anything.
    void start_cpu(u32 cpu, IntId timer);

    // A shared line that is not enabled, to be delivered to one CPU. Masked lines keep an edge as
    // pending.
    void enable(IntId line, bool edge, u32 cpu) const;
    void disable(IntId line) const { distributor_.disable(line); }
    // To another CPU from now on. Not while the line is active: a GICv2 of QEMU remembers that per
    // CPU, and would let it fire on the new one.
    void route(IntId line, u32 cpu) const;
    // The CPU takes `ipi`; what was written before is seen by it then.
    void send_ipi(u32 cpu) const;

    // What the CPU is interrupted by, or spurious; its priority is dropped.
    static u32 take();
    // Once for each that was taken. A shared line from any CPU, the others from the one that took
    // them.
    static void deactivate(IntId line);

private:
    bool version_2_ = false;
    Distributor distributor_;
    std::array<u64, max_cpus> places_{};  // of CPUs: target bit, or affinity
};

extern constinit Gic gic;

inline u32 Gic::take()
{
    if (gic.version_2_) [[unlikely]]
        return gicv2::take();
    const u32 id = gicv3::acknowledge();
    if (id < spurious)
        gicv3::drop_priority(id);
    return id;
}

inline void Gic::deactivate(IntId line)
{
    if (gic.version_2_) [[unlikely]]
        gicv2::deactivate(gic.distributor_, line);
    else
        gicv3::deactivate(line);
}

}  // namespace kernel
