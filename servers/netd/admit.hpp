// netd/admit.hpp - what a client may ask. Pure; the only door from a ring entry or a filter to the
// device and to the client's buffer.
#pragma once

#include <algorithm>
#include <array>
#include <bit>

#include <base/bits.hpp>
#include <proto/net.hpp>

namespace netd {

namespace net = proto::net;

// What holds for every entry of one session.
struct Limits {
    u32 buffer_bytes;
    u32 space_bytes;
    u32 max_frame;
};

// `asked` is a private copy already. Whether it may go to the device as it is: it lies in the
// buffer, and a checksum that is wanted lies in the frame, behind the Ethernet header. No check
// below can overflow, whatever the client wrote.
constexpr net::Status admit(const net::Send& asked, const Limits& limits)
{
    const bool in_buffer = fits(asked.offset, asked.bytes, limits.buffer_bytes);
    const bool sized = asked.bytes >= net::frame_header_bytes && asked.bytes <= limits.max_frame;
    if (!in_buffer || !sized || asked.reserved != 0)
        return net::Status::malformed;
    if (asked.flags == 0) [[likely]]
        return asked.csum_start == 0 && asked.csum_offset == 0 ? net::Status::ok
                                                               : net::Status::malformed;
    const bool inside = asked.csum_start >= net::frame_header_bytes
                        && u64{asked.csum_start} + asked.csum_offset + 2 <= asked.bytes;
    return asked.flags == net::SendFlags::checksum && inside ? net::Status::ok
                                                             : net::Status::malformed;
}

// Most are so: nothing is asked of the frame, and it needs no padding. Such a one is admitted.
constexpr bool plain(const net::Send& asked, const Limits& limits)
{
    const auto words = std::bit_cast<std::array<u64, 2>>(asked);
    const bool sized = asked.bytes >= net::least_wire_bytes && asked.bytes <= limits.max_frame;
    return words[1] == 0 && sized && u64{asked.offset} + asked.bytes <= limits.buffer_bytes;
}

// Where the last space of a session can be. Its buffer has room for one.
constexpr u32 last_space(const Limits& limits) { return limits.buffer_bytes - limits.space_bytes; }
constexpr bool admit(const net::Space& space, u32 last) { return space.offset <= last; }

// `promiscuous`: sessions may ask for that. Errors: bad_argument, denied.
constexpr Errc admit(const net::Filter& filter, bool promiscuous)
{
    if (filter.reserved != 0 || (filter.flags & ~net::FilterFlags::all) != 0 || filter.vlan > 4094)
        return Errc::bad_argument;
    if (filter.ether_type != 0 && filter.ether_type < 0x600)  // smaller ones are lengths
        return Errc::bad_argument;
    const bool wants = (filter.flags & net::FilterFlags::promiscuous) != 0;
    return wants && !promiscuous ? Errc::denied : Errc::ok;
}

}  // namespace netd
