// base/bits.hpp - alignment, and typed bit fields of a register or wire word.
#pragma once

#include <bit>
#include <limits>

#include <base/types.hpp>

// Alignments are powers of two. align_up wraps to zero past the end of the type: check the input
// first.
constexpr u64 align_down(u64 value, u64 alignment) { return value & ~(alignment - 1); }
constexpr u64 align_up(u64 value, u64 alignment)
{
    return align_down(value + alignment - 1, alignment);
}
constexpr bool aligned(u64 value, u64 alignment) { return (value & (alignment - 1)) == 0; }

// [first, first + count) lies within [0, limit), whatever the values are.
constexpr bool fits(u64 first, u64 count, u64 limit)
{
    return first <= limit && count <= limit - first;
}

// Bits High..Low of a word, both included.
template <unsigned High, unsigned Low>
struct Field {
    static_assert(Low <= High && High < 64);
    static constexpr u64 mask = (~u64{0} >> (63 - (High - Low))) << Low;

    static constexpr u64 get(u64 word) { return (word & mask) >> Low; }
    static constexpr u64 make(u64 value) { return (value << Low) & mask; }
    static constexpr u64 set(u64 word, u64 value) { return (word & ~mask) | make(value); }
    static constexpr bool holds(u64 value) { return make(value) >> Low == value; }
};

template <unsigned N>
constexpr u64 bit = u64{1} << N;
