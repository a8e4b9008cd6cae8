// monitor/trace_line.hpp - the lines of QEMU's trace that the monitor lives on.
//
// virtio's own events tell neither the device nor the value that was read; those of the memory
// system tell both, for every emulated device:
//
//   memory_region_ops_read cpu 0 mr 0x.. addr 0xa000070 value 0x3 size 4 name 'virtio-mmio'
//   memory_region_ops_write cpu 0 mr 0x.. addr 0xa000050 value 0x0 size 4 name 'virtio-mmio'
//   virtio_queue_notify vdev 0x.. n 0 vq 0x..
//   virtqueue_pop vq 0x.. elem 0x.. in_num 2 out_num 1
//
// A write is told before what it causes, a read after it.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <variant>

#include <base/types.hpp>

namespace vireo::monitor {

// What QEMU is asked to trace.
inline constexpr std::array<std::string_view, 4> trace_events{
    "memory_region_ops_read", "memory_region_ops_write", "virtio_queue_notify", "virtqueue_pop"};

struct OtherDevice {};  // an access to something else than virtio-mmio
struct Access {
    bool write;
    u64 address;  // physical
    u64 value;
    u32 bytes;
};
struct Notified {
    u64 queue;  // which one, in QEMU's own words
    u32 index;  // in its device
};
struct Popped {
    u64 queue;
    u32 writable;  // buffers in the chain
    u32 readable;
};
using TraceLine = std::variant<OtherDevice, Access, Notified, Popped>;

// Nothing if the line is no whole line of the trace.
std::optional<TraceLine> parse_trace(std::string_view line);

}  // namespace vireo::monitor
