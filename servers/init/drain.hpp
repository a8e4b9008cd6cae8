// init/drain.hpp - has a device ended all requests of a dead server? What the ring shows is a hint,
// written by two strangers: it says when to reset the device, and nothing depends on it but how
// long that takes.
#pragma once

#include <cstring>
#include <span>

#include <base/bits.hpp>
#include <proto/names.hpp>

namespace init {

using proto::names::RequestRing;

namespace detail {

// virtio 1.2, 2.7.6, 2.7.8, 2.8.13
inline constexpr u64 idx_offset = 2;
inline constexpr u64 packed_entry_bytes = 16;
inline constexpr u64 packed_flags_offset = 14;
inline constexpr unsigned available_bit = 7;
inline constexpr unsigned used_bit = 15;

inline u16 read(std::span<const std::byte> memory, u64 offset)
{
    u16 value;
    std::memcpy(&value, &memory[offset], sizeof(value));
    return value;
}

}  // namespace detail

// The ring lies in memory of so many bytes.
constexpr bool sound(const RequestRing& ring, u64 bytes)
{
    if (ring.entries == 0 || ring.packed > 1 || ring.reserved != 0
        || !aligned(ring.driver | ring.device, 2))
        return false;
    if (ring.packed == 1)
        return fits(ring.driver, ring.entries * detail::packed_entry_bytes, bytes);
    return fits(ring.driver, 4, bytes) && fits(ring.device, 4, bytes);
}

// Requests of a sound ring that its device has not ended. Of a packed one with chains in the ring
// itself too many, perhaps for good: the device marks the first entry of a chain only.
inline u32 at_device(const RequestRing& ring, std::span<const std::byte> memory)
{
    using namespace detail;
    if (ring.packed == 0)
        return static_cast<u16>(read(memory, ring.driver + idx_offset)
                                - read(memory, ring.device + idx_offset));
    u32 count = 0;
    for (u64 i = 0; i < ring.entries; ++i) {
        const u16 flags = read(memory, ring.driver + i * packed_entry_bytes + packed_flags_offset);
        count += (flags >> available_bit & 1) != (flags >> used_bit & 1) ? 1 : 0;
    }
    return count;
}

}  // namespace init
