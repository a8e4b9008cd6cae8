// arch/aarch64/gic_distributor.hpp - the part of an interrupt controller that all CPUs share: the
// registers that are the same in a GICv2 (Arm IHI 0048) and a GICv3 (Arm IHI 0069).
#pragma once

#include "arch/aarch64/mmio.hpp"

namespace kernel {

using IntId = Strong<struct IntIdUnit, u32>;
inline constexpr u32 first_shared_line = 32;  // below: each CPU has its own

class Distributor {
public:
    constexpr Distributor() = default;

    void start(PhysAddr base, u32 control);

    PhysAddr base() const { return base_; }
    u32 lines() const;

    // Masked lines keep an edge as pending.
    void configure(IntId line, bool edge) const;
    void enable(IntId line) const;
    void disable(IntId line) const;
    void deactivate(IntId line) const;

    bool keeps_edge(IntId line) const;
    // The edge that is pending comes once more.
    void repeat_edge(IntId line) const;

private:
    void set_bit_of(Bytes array, IntId line) const;
    void wait_for_write() const;

    PhysAddr base_;
};

}  // namespace kernel
