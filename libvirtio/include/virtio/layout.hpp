// virtio/layout.hpp - what the two kinds of virtqueue, split and packed, look like in memory.
//
// One layout of a split virtqueue serves both versions: contiguous, the used ring on a page of its
// own, the whole in full pages. Version 1 demands exactly this (virtio 1.2, 2.7.2); version 2 is
// told the three addresses.
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
    static constexpr u16 next = 1;      // continues at `next`
    static constexpr u16 write = 2;     // the device writes it; otherwise the device reads it
    static constexpr u16 indirect = 4;  // a table of descriptors (2.7.5.3, 2.8.7)
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

// virtio 1.2, 2.8.13; an entry of the one ring of a packed virtqueue, and of its indirect tables
struct PackedDescriptor {
    u64 addr;
    u32 len;
    u16 id;
    u16 flags;
};
static_assert(sizeof(PackedDescriptor) == 16 && std::is_trivially_copyable_v<PackedDescriptor>);

// A descriptor of either kind, as it is stored: in tables, which may be of both.
struct StoredDescriptor {
    u64 addr;
    u32 len;
    u32 tail;
};
static_assert(sizeof(StoredDescriptor) == 16);

// Flags of its own besides DescriptorFlags (2.8.1): equal when used, different when available; the
// first is the wrap counter of whoever wrote them last.
struct PackedFlags {
    static constexpr u16 available = 1 << 7;
    static constexpr u16 used = 1 << 15;
};

// virtio 1.2, 2.8.14: which notifications one side wants; u16 off_wrap, u16 flags
struct EventSuppression {
    static constexpr u16 enable = 0;
    static constexpr u16 disable = 1;
    static constexpr u16 descriptor = 2;  // for the descriptor at off_wrap; with EVENT_IDX only
    static constexpr u16 wrap = 1 << 15;  // of off_wrap: the wrap counter
    static constexpr u64 bytes = 4;
};

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

// Of a packed virtqueue, version 2 only: the ring, then what the driver and what the device wants.
struct PackedLayout {
    u16 size;  // a power of two

    constexpr u64 driver() const { return sizeof(PackedDescriptor) * size; }
    constexpr u64 device() const { return driver() + EventSuppression::bytes; }
    constexpr Bytes bytes() const
    {
        return Bytes{align_up(device() + EventSuppression::bytes, ring_alignment)};
    }
};

// What a device is told about a queue.
struct RingAddresses {
    u16 size;
    DeviceAddr desc;    // the descriptor table, or the packed ring
    DeviceAddr driver;  // the available ring, or what the driver wants
    DeviceAddr device;  // the used ring, or what the device wants
};

}  // namespace virtio
