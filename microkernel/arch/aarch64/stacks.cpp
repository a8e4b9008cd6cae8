// arch/aarch64/stacks.cpp - the memory of the kernel stacks.

#include "arch/aarch64/stacks.hpp"

#include "sched/cpu.hpp"

namespace kernel {

namespace {

constexpr u64 stride = (stack_pages + 1) * page_bytes;  // guard page first

// NOLINTNEXTLINE(modernize-avoid-c-arrays)
[[gnu::section(".stacks")]] alignas(
    page_bytes) constinit std::array<std::byte, max_cpus * stride> memory{};

u64 start() { return reinterpret_cast<u64>(memory.data()); }

}  // namespace

u64 stack_top(u32 cpu) { return start() + (u64{cpu} + 1) * stride; }

u32 cpu_of_stack(u64 top) { return static_cast<u32>((top - start()) / stride - 1); }

bool stack_guard(u64 address)
{
    return address >= start() && address - start() < memory.size()
           && (address - start()) % stride < page_bytes;
}

}  // namespace kernel
