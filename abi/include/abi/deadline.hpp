// abi/deadline.hpp - deadlines that rest while their CPU does (docs/abi.md, Deadlines).
#pragma once

#include <abi/object.hpp>

namespace abi {

// In a deadline other than `never`: it is deferrable, the bits below are the time.
inline constexpr u64 deferrable_bit = u64{1} << 63;

constexpr bool deferrable(Ticks deadline)
{
    return deadline != never && (deadline.raw() & deferrable_bit) != 0;
}
constexpr Ticks defer(Ticks deadline) { return Ticks{deadline.raw() | deferrable_bit}; }
constexpr Ticks time_of(Ticks deferrable) { return Ticks{deferrable.raw() & ~deferrable_bit}; }

}  // namespace abi
