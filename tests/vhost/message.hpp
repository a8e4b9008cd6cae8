// vhost/message.hpp - messages of the vhost-user protocol as they are on the socket. Names and
// numbers are those of QEMU's docs/interop/vhost-user; all in the byte order of the host.
#pragma once

#include <array>

#include <base/types.hpp>

namespace vhost {

enum class Request : u32 {
    get_features = 1,
    set_features = 2,
    set_owner = 3,
    reset_owner = 4,
    set_mem_table = 5,
    set_vring_num = 8,
    set_vring_addr = 9,
    set_vring_base = 10,
    get_vring_base = 11,
    set_vring_kick = 12,
    set_vring_call = 13,
    set_vring_err = 14,
    get_protocol_features = 15,
    set_protocol_features = 16,
    get_queue_num = 17,
    set_vring_enable = 18,
    set_backend_req_fd = 21,
    get_config = 24,
    set_config = 25,
};

// On the socket of set_backend_req_fd, from us.
inline constexpr u32 backend_config_change = 2;

struct Flags {
    static constexpr u32 version = 1;
    static constexpr u32 reply = 1 << 2;
    static constexpr u32 need_reply = 1 << 3;
};

namespace feature {  // bits of virtio that belong to the transport
inline constexpr u64 any_layout = u64{1} << 27;
inline constexpr u64 event_idx = u64{1} << 29;
inline constexpr u64 protocol_features = u64{1} << 30;
inline constexpr u64 version_1 = u64{1} << 32;
inline constexpr u64 ring_packed = u64{1} << 34;
}  // namespace feature

namespace protocol {  // bits of get_protocol_features
inline constexpr u64 reply_ack = u64{1} << 3;
inline constexpr u64 backend_req = u64{1} << 5;
inline constexpr u64 config = u64{1} << 9;
}  // namespace protocol

struct Header {
    u32 request;
    u32 flags;
    u32 size;  // of the payload
};
static_assert(sizeof(Header) == 12);

struct VringState {
    u32 index;
    u32 num;
};

struct VringAddress {
    u32 index;
    u32 flags;
    u64 descriptors;  // these three are addresses in QEMU
    u64 used;
    u64 available;
    u64 log;
};
static_assert(sizeof(VringAddress) == 40);

// Payload of set_vring_kick, _call, _err.
struct VringFd {
    static constexpr u64 index = 0xff;
    static constexpr u64 none = 0x100;  // there is no descriptor: poll
};

struct MemoryRegion {
    u64 guest;  // physical
    u64 bytes;
    u64 user;    // in QEMU
    u64 offset;  // in the file
};
inline constexpr u32 max_regions = 8;
struct MemoryTable {
    u32 count;
    u32 padding;
    std::array<MemoryRegion, max_regions> regions;
};

inline constexpr u32 max_config = 256;
struct Config {
    u32 offset;
    u32 size;
    u32 flags;
    std::array<u8, max_config> bytes;
};
inline constexpr u32 config_header = 12;

}  // namespace vhost
