// virtio/layout.hpp - where the parts of a split virtqueue are in memory (virtio 1.2, 2.7).
//
// One layout serves both versions: contiguous, the used ring on a page of its own, the whole in
// full pages. Version 1 demands exactly this (2.7.2); version 2 is told the three addresses.
#pragma once

#include <bit>
#include <type_traits>

#include <base/bits.hpp>
#include <base/types.hpp>

namespace virtio {

// virtio 1.2, 2.7.5
struct Descriptor {
    u64 addr;
    u32 len;
    u16 flags;
    u16 next;
};
static_assert(sizeof(Descriptor) == 16 && std::is_trivially_copyable_v<Descriptor>);

struct DescriptorFlags {
    static constexpr u16 next = 1;   // continues at `next`
    static constexpr u16 write = 2;  // the device writes it; otherwise the device reads it
};

// virtio 1.2, 2.7.6: flags, idx, ring[size], used_event; all u16
struct Avail {
    static constexpr u16 no_interrupt = 1;
};

// virtio 1.2, 2.7.8: flags, idx, then size elements, then avail_event
struct Used {
    static constexpr u16 no_notify = 1;
};
struct UsedElement {
    u32 id;
    u32 len;
};
static_assert(sizeof(UsedElement) == 8);

inline constexpr u16 max_queue_size = 32768;
inline constexpr u64 ring_alignment = page_bytes;  // of the table and of the used ring

struct RingLayout {
    u16 size;  // a power of two

    static constexpr bool valid(u16 size) { return std::has_single_bit(size); }

    constexpr u64 avail() const { return sizeof(Descriptor) * size; }
    constexpr u64 used_event() const { return avail() + 4 + 2 * u64{size}; }
    constexpr u64 used() const { return align_up(used_event() + 2, ring_alignment); }
    constexpr u64 avail_event() const { return used() + 4 + sizeof(UsedElement) * size; }
    constexpr Bytes bytes() const { return Bytes{align_up(avail_event() + 2, ring_alignment)}; }
};

// What a device is told about a queue.
struct RingAddresses {
    u16 size;
    DeviceAddr desc;
    DeviceAddr driver;  // the available ring
    DeviceAddr device;  // the used ring
};

}  // namespace virtio
