// bench/echo.hpp - the partner of the IPC benchmarks: a server that answers at once and sleeps on
// bits.
#pragma once

#include <base/types.hpp>

namespace bench {

// Any ordinal but this one: the same payload comes back.
inline constexpr u16 echo_ordinal = 1;
// Gives a notification; signals on it only wake the server up.
inline constexpr u16 bell_ordinal = 2;

}  // namespace bench
