// arch/aarch64/gicv3.hpp - Generic Interrupt Controller v3: one distributor, a redistributor per
// CPU, the CPU interface in system registers. Arm IHI 0069.
//
// EOImode is 1: eoi() drops the running priority when an interrupt was taken, the line stays active
// and cannot fire again until deactivate(). Nothing is masked at the distributor while a line is in
// use.
#pragma once

#include "arch/aarch64/mmio.hpp"
#include "arch/aarch64/sysreg.hpp"

namespace kernel {

using IntId = Strong<struct IntIdUnit, u32>;

class Gic {
public:
    static constexpr u32 spurious = 1020;  // 1020..1023: nothing to acknowledge
    static constexpr u32 first_spi = 32;

    constexpr Gic() = default;

    void start(PhysAddr distributor, PhysAddr redistributors);
    void start_cpu(u32 cpu, IntId timer);

    // A shared line, to be delivered to the CPU with this affinity. Masked lines keep an edge as
    // pending.
    void enable(IntId line, bool edge, u64 affinity) const;
    void disable(IntId line) const;
    u32 lines() const { return lines_; }

    static u32 acknowledge() { return static_cast<u32>(sysreg::icc_iar1()); }
    static void drop_priority(u32 id) { sysreg::set_icc_eoir1(id); }
    static void deactivate(IntId line) { sysreg::set_icc_dir(line.raw()); }

private:
    void wait_for_write() const;

    PhysAddr distributor_;
    PhysAddr redistributors_;
    u32 lines_ = 0;
};

}  // namespace kernel
