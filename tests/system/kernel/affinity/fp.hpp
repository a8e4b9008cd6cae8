// affinity/fp.hpp - all FP and SIMD registers of a thread, by the assembly of the suite
// floating_point.
#pragma once

#include <array>

#include <base/types.hpp>

extern "C" void check_fp_spin(u8* registers, const u32* stop);

namespace fp {

using State = std::array<u8, 528>;  // q0..q31, FPSR, FPCR

struct Spinner {
    State registers{};
    u32 stop = 0;
};

constexpr State pattern(u64 seed)
{
    State state{};
    for (usize i = 0; i < 512; ++i)
        state[i] = static_cast<u8>(seed * 37 + i);
    state[512] = static_cast<u8>(seed & 0x1f);
    state[520 + 2] = static_cast<u8>((seed & 3) << 6);
    return state;
}

}  // namespace fp
