// check/raw.hpp - a call with every general register chosen, and every general register seen
// afterwards.
#pragma once

#include <array>

#include <sys/syscall.hpp>

namespace check {

struct RawRegisters {
    std::array<u64, 29> x{};  // x0..x28
};

extern "C" void check_raw_call(RawRegisters* registers);

// Any registers, but a good x8.
inline RawRegisters raw_call(abi::Syscall number, abi::Slot about, RawRegisters in = {})
{
    in.x[8] = sys::call_word(number, about);
    check_raw_call(&in);
    return in;
}

inline Errc raw_error(const RawRegisters& out)
{
    return static_cast<Errc>(static_cast<u32>(out.x[0]));
}

// Registers with a pattern in each that no other has.
inline RawRegisters pattern(u64 seed = 0x1122'3344'0000'0000)
{
    RawRegisters r;
    for (usize i = 0; i < r.x.size(); ++i)
        r.x[i] = seed | i << 8 | i;
    return r;
}

}  // namespace check
