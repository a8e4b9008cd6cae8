// fault/flavour.hpp - whether this is the kernel that injects faults (abi/fault.hpp).
#pragma once

#include <array>
#include <type_traits>

#include <base/types.hpp>

namespace kernel {

#ifdef VIREO_FAULT
inline constexpr bool fault_injecting = true;
#else
inline constexpr bool fault_injecting = false;
#endif

namespace fault {

struct Inspector;  // may look at what is private (memory.cpp)

// What is noted about each thread.
struct Marks {
    bool in_call = false;        // it has not come back yet
    bool goes_on = false;        // what it was stepped over is done: one instruction more
    u64 order = 0;               // the number of the order that it is stepped for, else 0
    u64 accessing = 0;           // pc: the point `mmio` of this access has been
    std::array<u64, 2> stops{};  // a load-exclusive runs up to one of these
};
struct NoMarks {};
using PerThread = std::conditional_t<fault_injecting, Marks, NoMarks>;

}  // namespace fault

}  // namespace kernel
