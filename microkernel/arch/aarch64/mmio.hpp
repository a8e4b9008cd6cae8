// arch/aarch64/mmio.hpp - device accesses of an exact width. Explicit instructions: the compiler
// may neither merge, drop, nor change the width of them, and a hypervisor can decode them.
#pragma once

#include "memory/address.hpp"

namespace kernel::mmio {

inline u8 read8(PhysAddr at)
{
    u32 value;  // NOLINT(cppcoreguidelines-init-variables): the instruction writes it
    asm volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(direct(at)) : "memory");
    return static_cast<u8>(value);
}
inline u16 read16(PhysAddr at)
{
    u32 value;  // NOLINT(cppcoreguidelines-init-variables)
    asm volatile("ldrh %w0, [%1]" : "=r"(value) : "r"(direct(at)) : "memory");
    return static_cast<u16>(value);
}
inline u32 read32(PhysAddr at)
{
    u32 value;  // NOLINT(cppcoreguidelines-init-variables)
    asm volatile("ldr %w0, [%1]" : "=r"(value) : "r"(direct(at)) : "memory");
    return value;
}
inline void write8(PhysAddr at, u8 value)
{
    asm volatile("strb %w0, [%1]" ::"rZ"(u32{value}), "r"(direct(at)) : "memory");
}
inline void write16(PhysAddr at, u16 value)
{
    asm volatile("strh %w0, [%1]" ::"rZ"(u32{value}), "r"(direct(at)) : "memory");
}
inline void write32(PhysAddr at, u32 value)
{
    asm volatile("str %w0, [%1]" ::"rZ"(value), "r"(direct(at)) : "memory");
}
inline void write64(PhysAddr at, u64 value)
{
    asm volatile("str %x0, [%1]" ::"rZ"(value), "r"(direct(at)) : "memory");
}

// Of a width of 1, 2 or 4 bytes.
inline u64 read(PhysAddr at, u64 width)
{
    if (width == 1)
        return read8(at);
    return width == 2 ? read16(at) : read32(at);
}
inline void write(PhysAddr at, u64 width, u64 value)
{
    if (width == 1)
        write8(at, static_cast<u8>(value));
    else if (width == 2)
        write16(at, static_cast<u16>(value));
    else
        write32(at, static_cast<u32>(value));
}

}  // namespace kernel::mmio
