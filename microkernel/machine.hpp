// machine.hpp - what there is one of: the image, the power switch, counters of the whole system.
#pragma once

#include "arch/aarch64/context.hpp"
#include "memory/address.hpp"

#include <string_view>

#include <abi/info.hpp>

namespace kernel {

// The kernel image in virtual memory (layout.ld).
u64 image_begin();
u64 image_limit();

[[noreturn]] void machine_off();

// A panic about an exception in the kernel itself.
[[noreturn]] void kernel_backtrace(std::string_view why, const Frame& frame);

// What is counted as it comes and goes.
struct Counts {
    u32 threads = 0;
    u32 handles = 0;            // slots in use, of all processes
    u64 boot_instructions = 0;  // when init was entered; zero without a counter
};
extern constinit Counts counts;

// What EL0 may read of the counters of each CPU: PMUSERENR_EL0. Set before other CPUs start.
extern constinit u64 user_counters;

void describe_system(abi::SystemInfo& info);

}  // namespace kernel
