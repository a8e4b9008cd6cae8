// mmio_bits.hpp - bits of virtio-mmio's registers, and of the features that concern rings. virtio
// 1.2, 2.1, 4.2.2 and 6.
#pragma once

#include <base/types.hpp>

namespace model {

inline constexpr u32 acknowledge = 1;
inline constexpr u32 driver = 2;
inline constexpr u32 driver_ok = 4;
inline constexpr u32 features_ok = 8;
inline constexpr u32 device_needs_reset = 64;
inline constexpr u32 failed = 128;

inline constexpr u32 used_buffer = 1;
inline constexpr u32 config_changed = 2;

constexpr u64 bit(unsigned n) { return u64{1} << n; }
inline constexpr u64 event_idx = bit(29);
inline constexpr u64 any_layout = bit(27);
inline constexpr u64 version_1 = bit(32);
inline constexpr u64 indirect_desc = bit(28);
inline constexpr u64 ring_packed = bit(34);

// A register of 64 bits is written in halves.
constexpr u64 with_half(u64 word, u32 half, bool high)
{
    return high ? (word & 0xffff'ffff) | u64{half} << 32 : (word & ~u64{0xffff'ffff}) | half;
}

}  // namespace model
