// memory/pool.cpp - frames taken against a quota.

#include "memory/pool.hpp"

#include "checks/refusal.hpp"

namespace kernel {

constinit FrameAllocator frames;

void zero_frames(PhysAddr first, u64 count)
{
    auto* at = direct<u64>(first);
    const auto* const end = at + count * (page_bytes / sizeof(u64));
    for (; at != end; at += 16)
        asm volatile("stp xzr, xzr, [%0]\n stp xzr, xzr, [%0, #16]\n"
                     "stp xzr, xzr, [%0, #32]\n stp xzr, xzr, [%0, #48]\n"
                     "stp xzr, xzr, [%0, #64]\n stp xzr, xzr, [%0, #80]\n"
                     "stp xzr, xzr, [%0, #96]\n stp xzr, xzr, [%0, #112]\n" ::"r"(at)
                     : "memory");
}

Result<PhysAddr> take_kernel_frame()
{
    if (checks::refused())
        return fail(Errc::no_memory);
    const auto frame = frames.allocate(0);
    if (frame)
        zero_frames(*frame, 1);
    return frame;
}

Result<PhysAddr> take_frame(Quota& quota)
{
    if (const auto paid = quota.charge(1); !paid)
        return fail(paid.error());
    const auto frame = take_kernel_frame();
    if (!frame)
        quota.refund(1);
    return frame;
}

void give_frame(PhysAddr frame, Quota& quota)
{
    frames.free(frame);
    quota.refund(1);
}

}  // namespace kernel
