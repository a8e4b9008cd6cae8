// memory/pool.hpp - who pays for memory: quotas, and frames taken against them.
#pragma once

#include "memory/address.hpp"
#include "memory/frames.hpp"

namespace kernel {

// How many of something a process may own. Invariant: used <= limit.
struct Quota {
    u32 limit = 0;
    u32 used = 0;

    constexpr u32 left() const { return limit - used; }
    constexpr Result<> charge(u64 count)
    {
        if (count > left())
            return fail(Errc::over_quota);
        used += static_cast<u32>(count);
        return {};
    }
    constexpr void refund(u64 count) { used -= static_cast<u32>(count); }
};

extern constinit FrameAllocator frames;

void zero_frames(PhysAddr first, u64 count);

// One zeroed frame against `quota`. Errors: over_quota, no_memory.
Result<PhysAddr> take_frame(Quota& quota);
void give_frame(PhysAddr frame, Quota& quota);

// One frame for kernel objects, zeroed; bounded by the handle quotas, so charged to nobody.
Result<PhysAddr> take_kernel_frame();

}  // namespace kernel
