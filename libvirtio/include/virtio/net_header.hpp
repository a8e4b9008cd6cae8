// virtio/net_header.hpp - the header in front of each frame (virtio 1.2, 5.1.6), made and checked.
#pragma once

#include <algorithm>

#include <virtio/features.hpp>
#include <virtio/net_checksum.hpp>

namespace virtio::net {

// On the wire, the first 10 bytes or all.
struct Header {
    u8 flags = 0;
    u8 gso_type = 0;
    u16 hdr_len = 0;
    u16 gso_size = 0;
    u16 csum_start = 0;
    u16 csum_offset = 0;
    u16 num_buffers = 0;
};
static_assert(sizeof(Header) == 12);

struct HeaderFlags {
    static constexpr u8 needs_csum = 1;
    static constexpr u8 data_valid = 2;
    static constexpr u8 rsc_info = 4;
};
struct GsoType {
    static constexpr u8 none = 0;
    static constexpr u8 tcpv4 = 1;
    static constexpr u8 udp = 3;
    static constexpr u8 tcpv6 = 4;
    static constexpr u8 udp_l4 = 5;
    static constexpr u8 ecn = 0x80;
};

// virtio 1.2, 5.1.3
enum class NetFeature : u8 {
    csum = 0,
    guest_csum = 1,
    ctrl_guest_offloads = 2,
    mtu = 3,
    mac = 5,
    gso = 6,  // legacy
    guest_tso4 = 7,
    guest_tso6 = 8,
    guest_ecn = 9,
    guest_ufo = 10,
    host_tso4 = 11,
    host_tso6 = 12,
    host_ecn = 13,
    host_ufo = 14,
    mrg_rxbuf = 15,
    status = 16,
    ctrl_vq = 17,
    ctrl_rx = 18,
    ctrl_vlan = 19,
    ctrl_rx_extra = 20,
    guest_announce = 21,
    mq = 22,
    ctrl_mac_addr = 23,
    speed_duplex = 63,
};

// virtio 1.2, 5.1.6.1: version 1 has num_buffers only if there can be several.
constexpr u32 header_bytes(Features accepted)
{
    return accepted.has(Feature::version_1) || accepted.has(NetFeature::mrg_rxbuf) ? 12 : 10;
}

inline constexpr u32 min_frame = 14;    // an Ethernet header
inline constexpr u32 link_header = 18;  // an Ethernet header with a VLAN tag
inline constexpr u32 default_mtu = 1500;
inline constexpr u32 max_gso_bytes = 65589 + 4;  // the longest frame that is to be cut, tagged

// What was negotiated, as far as frames go.
struct Rules {
    Features accepted;
    u32 mtu = default_mtu;
};

// What a device is asked to do with a frame, or did with one.
struct Offload {
    bool needs_csum = false;  // the checksum is not complete; `csum` says where it goes
    bool data_valid = false;  // receive only: the device checked it
    u8 gso_type = GsoType::none;
    u16 gso_size = 0;      // payload bytes of each segment
    u16 header_bytes = 0;  // of all headers in front of the payload; received: a hint
    ChecksumPlace csum{};
};

// What a frame must not have asked for, by what was negotiated.
enum class HeaderFault : u8 {
    none,
    checksum_not_negotiated,
    gso_not_negotiated,
    checksum_outside,  // not in the frame, or in its link header
    gso_malformed,     // no segment size, or no checksum to complete
};

// Whether `type`, without ECN, is one of those whose feature was accepted.
constexpr bool
gso_accepted(u8 type, Features accepted, NetFeature v4, NetFeature v6, NetFeature ufo)
{
    switch (type) {
    case GsoType::tcpv4:
        return accepted.has(v4);
    case GsoType::tcpv6:
        return accepted.has(v6);
    case GsoType::udp:
        return accepted.has(ufo);
    default:
        return false;
    }
}
constexpr bool gso_accepted(u8 gso_type, Features accepted, bool received)
{
    const bool ecn = (gso_type & GsoType::ecn) != 0;
    const auto type = static_cast<u8>(gso_type & ~GsoType::ecn);
    if (ecn && type == GsoType::udp)
        return false;
    if (ecn && !accepted.has(received ? NetFeature::guest_ecn : NetFeature::host_ecn))
        return false;
    return received ? gso_accepted(type, accepted, NetFeature::guest_tso4, NetFeature::guest_tso6,
                                   NetFeature::guest_ufo)
                    : gso_accepted(type, accepted, NetFeature::host_tso4, NetFeature::host_tso6,
                                   NetFeature::host_ufo);
}

// The rules of both directions (virtio 1.2, 5.1.6.2 and 5.1.6.4).
constexpr HeaderFault
check(const Offload& offload, u64 frame_bytes, Features accepted, bool received)
{
    const auto csum = received ? NetFeature::guest_csum : NetFeature::csum;
    if ((offload.needs_csum || offload.data_valid) && !accepted.has(csum))
        return HeaderFault::checksum_not_negotiated;
    if (offload.needs_csum && (!offload.csum.inside(frame_bytes) || offload.csum.start < min_frame))
        return HeaderFault::checksum_outside;
    if (offload.gso_type == GsoType::none)
        return HeaderFault::none;
    if (!gso_accepted(offload.gso_type, accepted, received))
        return HeaderFault::gso_not_negotiated;
    return offload.needs_csum && offload.gso_size != 0 ? HeaderFault::none
                                                       : HeaderFault::gso_malformed;
}

constexpr Header encode(const Offload& offload)
{
    return {.flags = offload.needs_csum ? HeaderFlags::needs_csum : u8{0},
            .gso_type = offload.gso_type,
            .hdr_len = offload.header_bytes,
            .gso_size = offload.gso_size,
            .csum_start = offload.needs_csum ? offload.csum.start : u16{0},
            .csum_offset = offload.needs_csum ? offload.csum.offset : u16{0},
            .num_buffers = 0};
}

// What a received header says; fields that say nothing are zero. RSC_INFO is never negotiated and
// gives the checksum fields another meaning: it decodes to a checksum that check() refuses.
constexpr Offload decode(const Header& header, u64 frame_bytes)
{
    Offload offload;
    const bool coalesced = (header.flags & HeaderFlags::rsc_info) != 0;
    offload.needs_csum = coalesced || (header.flags & HeaderFlags::needs_csum) != 0;
    offload.data_valid = (header.flags & HeaderFlags::data_valid) != 0;
    if (offload.needs_csum && !coalesced)
        offload.csum = {header.csum_start, header.csum_offset};
    offload.gso_type = header.gso_type;
    if (header.gso_type != GsoType::none) {
        offload.gso_size = header.gso_size;
        offload.header_bytes = static_cast<u16>(std::min<u64>(header.hdr_len, frame_bytes));
    }
    return offload;
}

}  // namespace virtio::net
