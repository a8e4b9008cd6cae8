// arch/aarch64/context.hpp - the saved registers of a thread; offsets as vectors.S uses them.
#pragma once

#include "arch/aarch64/layout.inc"

#include <array>
#include <cstddef>

#include <base/types.hpp>

namespace kernel {

struct Frame {
    std::array<u64, 31> x;
    u64 sp;
    u64 pc;
    u64 spsr;
    u64 tpidr;
    // All of x is valid and must come back; else only what a system call preserves. More than 1:
    // and only resume does that (vectors.S).
    u64 full;
    std::array<u64, 2> zeros;  // never anything else
};
static_assert(offsetof(Frame, sp) == FRAME_SP && offsetof(Frame, pc) == FRAME_ELR);
static_assert(offsetof(Frame, spsr) == FRAME_SPSR && offsetof(Frame, tpidr) == FRAME_TPIDR);
static_assert(offsetof(Frame, full) == FRAME_FULL && offsetof(Frame, zeros) == FRAME_ZEROS);

struct FpState {
    std::array<u8, 512> v;
    u64 fpsr;
    u64 fpcr;
};
static_assert(sizeof(FpState) == 528);

}  // namespace kernel

extern "C" void save_fp(kernel::FpState* to);
extern "C" void restore_fp(const kernel::FpState* from);
