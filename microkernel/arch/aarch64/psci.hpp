// arch/aarch64/psci.hpp - Power State Coordination Interface (Arm DEN 0022): the only firmware call
// of the kernel.
#pragma once

#include <base/types.hpp>

namespace kernel::psci {

inline constexpr u32 system_off = 0x8400'0008;
inline constexpr u32 cpu_on = 0xc400'0003;

// Starts another CPU at a physical address, with its x0. False: the firmware refuses.
inline bool start_cpu(bool smc, u64 affinity, u64 entry, u64 argument)
{
    register u64 x0 asm("x0") = cpu_on;
    register u64 x1 asm("x1") = affinity;
    register u64 x2 asm("x2") = entry;
    register u64 x3 asm("x3") = argument;
    if (smc)
        asm volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
    else
        asm volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
    return x0 == 0;
}

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
