// block/pattern.hpp - the bytes that `blk fill` writes and `blk verify` expects; host programs
// recompute them.
//
// Word n of the disk (8 bytes, little-endian, 64 of them a sector) is the n-th output of splitmix64
// started at `seed`:
//
//     z = seed + (n + 1) * 0x9e3779b97f4a7c15           n = sector * 64 + index, all modulo 2^64
//     z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
//     z = (z ^ (z >> 27)) * 0x94d049bb133111eb
//     word = z ^ (z >> 31)
//
// A word depends on nothing but (seed, sector, index), so any part of a disk is checked alone, and
// a sector written to the wrong place is noticed.
#pragma once

#include <cstring>
#include <optional>
#include <span>

#include <base/types.hpp>

namespace block::pattern {

inline constexpr u64 sector_bytes = 512;
inline constexpr u64 words_per_sector = sector_bytes / sizeof(u64);
inline constexpr u64 golden = 0x9e3779b97f4a7c15;

constexpr u64 mix(u64 z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

constexpr u64 word(u64 seed, u64 sector, u64 index)
{
    return mix(seed + (sector * words_per_sector + index + 1) * golden);
}

// `data` holds whole sectors, the first of them is `first`.
inline void fill(std::span<std::byte> data, u64 seed, u64 first)
{
    u64 state = seed + first * words_per_sector * golden;
    for (usize at = 0; at + sizeof(u64) <= data.size(); at += sizeof(u64)) {
        state += golden;
        const u64 value = mix(state);
        std::memcpy(data.data() + at, &value, sizeof(value));
    }
}

// Byte position in `data` of the first word that differs, if one does.
inline std::optional<usize> mismatch(std::span<const std::byte> data, u64 seed, u64 first)
{
    u64 state = seed + first * words_per_sector * golden;
    for (usize at = 0; at + sizeof(u64) <= data.size(); at += sizeof(u64)) {
        state += golden;
        u64 found = 0;
        std::memcpy(&found, data.data() + at, sizeof(found));
        if (found != mix(state))
            return at;
    }
    return std::nullopt;
}

}  // namespace block::pattern
