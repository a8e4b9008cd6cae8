// arch/aarch64/cache.hpp - instruction fetch sees what was written.
#pragma once

#include "arch/aarch64/sysreg.hpp"
#include "memory/address.hpp"

namespace kernel {

// The page's data reach the point of unification, and no instruction cache holds older ones. Line
// sizes: CTR_EL0.
inline void make_executable(PhysAddr page)
{
    const u64 line = u64{4} << (sysreg::ctr() >> 16 & 0xf);
    const u64 start = page.raw() + kernel_base;
    for (u64 at = start; at < start + page_bytes; at += line)
        asm volatile("dc cvau, %0" ::"r"(at) : "memory");
    sysreg::dsb_ish();  // data first
    asm volatile("ic ialluis" ::: "memory");
    sysreg::dsb_ish();
}

}  // namespace kernel
