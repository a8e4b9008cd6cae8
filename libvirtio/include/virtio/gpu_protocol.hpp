// virtio/gpu_protocol.hpp - the commands of a graphics device, 2D (virtio 1.2, 5.7.6), on the wire.
#pragma once

#include <array>
#include <cstddef>

#include <virtio/device.hpp>

namespace virtio::gpu {

// virtio 1.2, 5.7.3. VIRGL and what builds on it are never accepted.
enum class GpuFeature : u8 { virgl = 0, edid = 1, resource_uuid = 2, resource_blob = 3 };

struct Config {
    template <class T, Access Mode>
    using Reg = Register<Config, T, Mode>;

    static constexpr u32 event_display = 1;

    static constexpr Reg<u32, Access::ro> events_read{0};
    static constexpr Reg<u32, Access::wo> events_clear{4};
    static constexpr Reg<u32, Access::ro> num_scanouts{8};
};

inline constexpr u32 max_scanouts = 16;

enum class Command : u32 {
    get_display_info = 0x0100,
    resource_create_2d = 0x0101,
    resource_unref = 0x0102,
    set_scanout = 0x0103,
    resource_flush = 0x0104,
    transfer_to_host_2d = 0x0105,
    resource_attach_backing = 0x0106,
    resource_detach_backing = 0x0107,
    get_edid = 0x010a,
    update_cursor = 0x0300,
    move_cursor = 0x0301,
};

enum class Response : u32 {
    none = 0,  // preset: no value that the specification knows
    ok_nodata = 0x1100,
    ok_display_info = 0x1101,
    ok_edid = 0x1104,
    err_unspec = 0x1200,
    err_out_of_memory = 0x1201,
    err_invalid_scanout_id = 0x1202,
    err_invalid_resource_id = 0x1203,
    err_invalid_context_id = 0x1204,
    err_invalid_parameter = 0x1205,
};

// Bytes in memory, first to last; X is ignored.
enum class Format : u32 {
    b8g8r8a8 = 1,
    b8g8r8x8 = 2,
    a8r8g8b8 = 3,
    x8r8g8b8 = 4,
    r8g8b8a8 = 67,
    x8b8g8r8 = 68,
    a8b8g8r8 = 121,
    r8g8b8x8 = 134,
};
inline constexpr u32 pixel_bytes = 4;  // of all of them

struct Header {
    static constexpr u32 flag_fence = 1;

    u32 type;
    u32 flags;
    u64 fence_id;
    u32 ctx_id;
    u32 ring_idx;  // one byte of it, and padding
};
static_assert(sizeof(Header) == 24);

struct Rect {
    u32 x;
    u32 y;
    u32 width;
    u32 height;
    friend constexpr bool operator==(const Rect&, const Rect&) = default;
};

// A resource as the driver calls it; zero is none.
using Resource = Strong<struct ResourceUnit, u32>;

// What follows the header of each command.
struct CreateResource {
    u32 resource;
    u32 format;
    u32 width;
    u32 height;
};
struct OneResource {  // unref, detach
    u32 resource;
    u32 padding;
};
struct SetScanout {
    Rect rect;
    u32 scanout;
    u32 resource;
};
struct Flush {
    Rect rect;
    u32 resource;
    u32 padding;
};
struct Transfer {
    Rect rect;
    u64 offset;
    u32 resource;
    u32 padding;
};
struct AttachBacking {
    u32 resource;
    u32 entries;
};
struct MemoryEntry {
    u64 address;
    u32 length;
    u32 padding;
};
struct GetEdid {
    u32 scanout;
    u32 padding;
};
struct Cursor {
    u32 scanout;
    u32 x;
    u32 y;
    u32 padding;
    u32 resource;
    u32 hot_x;
    u32 hot_y;
    u32 padding_2;
};
static_assert(sizeof(CreateResource) == 16 && sizeof(OneResource) == 8 && sizeof(SetScanout) == 24);
static_assert(sizeof(Flush) == 24 && sizeof(Transfer) == 32 && sizeof(AttachBacking) == 8);
static_assert(sizeof(MemoryEntry) == 16 && sizeof(GetEdid) == 8 && sizeof(Cursor) == 32);

// What follows the header of a response.
struct Display {
    Rect rect;  // where it is, and the size that it would like
    u32 enabled;
    u32 flags;
};
using Displays = std::array<Display, max_scanouts>;
inline constexpr u32 max_edid_bytes = 1024;
struct Edid {
    u32 size;
    u32 padding;
    std::array<std::byte, max_edid_bytes> bytes;
};
static_assert(sizeof(Displays) == 384 && sizeof(Edid) == 1032);

// Bytes that a response has behind its header when it is right.
constexpr u32 payload_bytes(Command command)
{
    switch (command) {
    case Command::get_display_info:
        return sizeof(Displays);
    case Command::get_edid:
        return sizeof(Edid);
    default:
        return 0;
    }
}
constexpr Response expected(Command command)
{
    switch (command) {
    case Command::get_display_info:
        return Response::ok_display_info;
    case Command::get_edid:
        return Response::ok_edid;
    default:
        return Response::ok_nodata;
    }
}

}  // namespace virtio::gpu
