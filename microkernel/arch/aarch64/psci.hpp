// arch/aarch64/psci.hpp - Power State Coordination Interface (Arm DEN 0022): the only firmware call
// of the kernel.
#pragma once

#include <base/types.hpp>

namespace kernel::psci {

inline constexpr u32 system_off = 0x8400'0008;

// `smc`: the conduit that the device tree names; else hvc.
[[noreturn]] inline void power_off(bool smc)
{
    register u64 x0 asm("x0") = system_off;
    if (smc)
        asm volatile("smc #0" : "+r"(x0)::"x1", "x2", "x3", "memory");
    else
        asm volatile("hvc #0" : "+r"(x0)::"x1", "x2", "x3", "memory");
    for (;;)
        asm volatile("wfi");
}

}  // namespace kernel::psci
