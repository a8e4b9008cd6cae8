// sys/time.hpp - ticks of the virtual counter, and deadlines: absolute ticks at which a call stops
// waiting.
#pragma once

#include <sys/machine.hpp>

namespace sys {

inline abi::Ticks now() { return abi::Ticks{counter()}; }

// Saturating: a time too far away is never.
inline abi::Ticks later(abi::Ticks from, abi::Ticks duration)
{
    const u64 sum = from.raw() + duration.raw();
    return sum < from.raw() ? abi::never : abi::Ticks{sum};
}

// Rounded up, so that a deadline is never early. Durations beyond a century are `never`.
constexpr abi::Ticks to_ticks(u64 amount, u64 per_second, u64 frequency)
{
    constexpr u64 century_seconds = 3'155'760'000;
    const u64 seconds = amount / per_second;
    if (seconds >= century_seconds)
        return abi::never;
    return abi::Ticks{seconds * frequency
                      + (amount % per_second * frequency + per_second - 1) / per_second};
}

inline abi::Ticks milliseconds(u64 n) { return to_ticks(n, 1'000, counter_frequency()); }
inline abi::Ticks microseconds(u64 n) { return to_ticks(n, 1'000'000, counter_frequency()); }

inline abi::Ticks after(abi::Ticks duration) { return later(now(), duration); }
inline abi::Ticks after_ms(u64 n) { return after(milliseconds(n)); }

// A span of ticks in nanoseconds, rounded down. Right for spans of up to a century.
constexpr u64 to_nanoseconds(abi::Ticks span, u64 frequency)
{
    constexpr u64 second = 1'000'000'000;
    return span.raw() / frequency * second + span.raw() % frequency * second / frequency;
}
inline u64 nanoseconds(abi::Ticks span) { return to_nanoseconds(span, counter_frequency()); }

}  // namespace sys
