// sched/longest.hpp - how long the lock is held, and interrupts stay masked, at most: instructions,
// counted by the traced kernel under -icount on one CPU. In the others nothing of this is left.
#pragma once

#include "arch/aarch64/sysreg.hpp"
#include "trace/trace.hpp"

#include <algorithm>

namespace kernel {

// A stretch that comes again and again, of which the longest is known, and what was done then.
class Stretch {
public:
    void begin()
    {
        if constexpr (traced)
            began_ = now();
    }
    void end()
    {
        if constexpr (traced)
            if (const u32 took = now() - began_; took > longest_)
                longest_ = took, by_ = doing_;
    }
    u32 longest() const { return longest_; }
    u32 by() const { return by_; }

    // Number of the call; of what is not a call: beyond all numbers.
    static constexpr u32 interrupt = 256;
    static constexpr u32 fault = 257;
    static constexpr u32 step = 512;  // with the number of the call that a step of work is for
    static void note(u32 doing)
    {
        if constexpr (traced)
            doing_ = doing;
    }

private:
    static inline constinit u32 doing_ = 0;

    static u32 now() { return static_cast<u32>(sysreg::pmevcntr1()); }

    u32 began_ = 0;
    u32 longest_ = 0;
    u32 by_ = 0;
};

inline constinit Stretch lock_held;
inline constinit Stretch irqs_masked;

}  // namespace kernel
