// memory/address.hpp - physical addresses as the kernel reaches them: all RAM and devices are
// mapped at kernel_base.
#pragma once

#include "arch/aarch64/layout.inc"

#include <base/types.hpp>

namespace kernel {

inline constexpr u64 kernel_base = KERNEL_BASE;

template <class T = std::byte>
T* direct(PhysAddr at)
{
    return reinterpret_cast<T*>(at.raw() + kernel_base);
}

inline PhysAddr physical(const void* at)
{
    return PhysAddr{reinterpret_cast<u64>(at) - kernel_base};
}

}  // namespace kernel
