// checks/refusal.hpp - in the checked kernel a program may have the n-th allocation of a call fail:
// x10, which calls ignore, says so. In every other kernel this is nothing.
//
// An allocation is a frame, a run of frames, an object of a slab, or an address-space identifier. A
// slot of a handle table costs one only if the table grows.
#pragma once

#include "checks/flavour.hpp"

#include <utility>

#include <base/types.hpp>

namespace kernel::checks {

inline constexpr u64 refusal_word = 0x52'4546'5553'414c;  // "REFUSAL", above n
inline constinit u64 refused_in = 0;                      // allocations; zero: never

// Instead of an allocation: the kernel makes a mistake that the CPU should see.
enum class Mistake : u8 { freed = 253, beyond, astray };
void make(Mistake what);  // (invariants.cpp)

// One allocation more: it must fail.
inline bool refused()
{
    if constexpr (checked)
        return refused_in != 0 && --refused_in == 0;
    return false;
}

// While a thread is in a call, or does a step of its work for it: the lock makes that the only one.
class Refusal {
public:
    // A call begins, or goes on.
    Refusal(const void* caller, u64 x10) : Refusal{caller}
    {
        if constexpr (checked)
            refused_in = x10 >> 8 == refusal_word ? x10 & 0xff : 0;
        if (checked && refused_in >= static_cast<u64>(Mistake::freed))
            make(static_cast<Mistake>(refused_in));
    }
    explicit Refusal(const void* caller) : caller_{caller}
    {
        if constexpr (checked)
            refused_in = caller == last_caller ? left : 0;
    }
    Refusal(const Refusal&) = delete;
    Refusal& operator=(const Refusal&) = delete;
    // The thread may be gone. A call of somebody else between its steps ends its count.
    ~Refusal()
    {
        if constexpr (checked)
            last_caller = caller_, left = std::exchange(refused_in, 0);
    }

private:
    static inline constinit const void* last_caller = nullptr;
    static inline constinit u64 left = 0;

    const void* caller_;
};

}  // namespace kernel::checks
