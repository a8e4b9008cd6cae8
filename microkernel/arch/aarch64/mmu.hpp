// arch/aarch64/mmu.hpp - the kernel's own translation: everything at kernel_base + physical
// address, W^X.
#pragma once

#include "memory/address.hpp"

#include <span>

namespace kernel {

struct Range {
    PhysAddr base;
    Bytes size;
};

// How much RAM the kernel maps and uses, from the first gigabyte on.
inline constexpr u64 ram_start = u64{1} << 30;
inline constexpr u64 ram_limit = ram_start + (u64{4} << 30);

// Replaces the boot tables: RAM readable and writable, devices below 1 GiB, kernel text executable,
// its read-only data read-only, guard pages below the stacks not at all. Then turns on WXN, and PAN
// where the CPU has it. Ranges are cut to whole 2 MiB blocks below ram_limit.
void map_kernel(std::span<const Range> ram);
// The same tables and settings on another CPU.
void use_kernel_map();

}  // namespace kernel
