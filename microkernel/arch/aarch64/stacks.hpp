// arch/aarch64/stacks.hpp - one kernel stack per CPU, each above a page that is not mapped.
#pragma once

#include <base/types.hpp>

namespace kernel {

inline constexpr u64 stack_pages = 4;

// The first address above the stack of a CPU.
u64 stack_top(u32 cpu);

// Whose stack that is the top of.
u32 cpu_of_stack(u64 top);

// Whether this page is the guard of some stack.
bool stack_guard(u64 address);

}  // namespace kernel
