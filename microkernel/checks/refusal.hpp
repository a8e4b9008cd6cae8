// checks/refusal.hpp - in the checked kernel a program may have the n-th allocation of a call fail:
// x10, which calls ignore, says so. In every other kernel this is nothing.
//
// An allocation is a frame, a run of frames, an object of a slab, or an address-space identifier. A
// slot of a handle table costs one only if the table grows.
#pragma once

#include "checks/flavour.hpp"

#include <base/types.hpp>

namespace kernel::checks {

inline constexpr u64 refusal_word = 0x52'4546'5553'414c;  // "REFUSAL", above n
inline constinit u64 refused_in = 0;                      // allocations; zero: never

// Instead of an allocation: the kernel calls what is no function's beginning.
inline constexpr u64 astray = 255;
void go_astray();

// One allocation more: it must fail.
inline bool refused()
{
    if constexpr (checked)
        return refused_in != 0 && --refused_in == 0;
    return false;
}

// For the length of a call, which the kernel's lock makes the only one.
class Refusal {
public:
    explicit Refusal(u64 x10)
    {
        if constexpr (checked)
            refused_in = x10 >> 8 == refusal_word ? x10 & 0xff : 0;
        if (checked && refused_in == astray)
            go_astray();
    }
    Refusal(const Refusal&) = delete;
    Refusal& operator=(const Refusal&) = delete;
    ~Refusal()
    {
        if constexpr (checked)
            refused_in = 0;
    }
};

}  // namespace kernel::checks
