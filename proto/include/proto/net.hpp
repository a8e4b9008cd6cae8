// proto/net.hpp - the network protocol: Ethernet frames, layer 2. Reading this file (and
// base/ring.hpp) is enough to write a client or a server.
//
//   control   calls over an endpoint: Info, then Attach for each session
//   data      four rings of each session, as sockets of raw frames have them
//
//   spaces    client -> server   places in the buffer where frames may be put
//   received  server -> client   frames that came, each in the oldest space; gives the space back
//   sends     client -> server   frames that are to go out
//   sent      server -> client   what became of each; gives its place in the buffer back
//
// Data never travels in a message or a ring: an entry names a range of the session's buffer. A
// space is the server's until it comes back as a Received, what is sent is the device's until it
// comes back as a Sent. The device reads what is sent from the buffer directly; what came is copied
// into it, once for each session that wants it. All memory of a session is created and owned by the
// client, zeroed when it is attached:
//
//   client memory   ClientPage, from the next page Space[receive_entries], then Send[send_entries]
//                   the client writes, the server reads
//   server memory   ServerPage, from the next page Received[receive_entries], then
//                   Sent[send_entries]; the server writes, the client reads
//   buffer          whole pages, which the server maps too; contiguous if the kernel had so many
//
// A doorbell (either direction) is a signal on a notification, given with all bits set: the
// handle's mask keeps the one that is meant. The server never sleeps on spaces: it wants no
// doorbell for those. A client that sleeps until something was *sent* rings after it announced that
// it sleeps, asked or not: a device says that a frame is out only if somebody waits for it. Until
// then any number of those that a session has outstanding can be out without a word.
//
// A client has at most `receive_entries` spaces and `send_entries` sends outstanding; entries of
// `received` that it did not take yet count as spaces. A space beyond that does not come back, and
// the frame for it is lost. A frame that a session wants and has no space for is lost for that
// session, and counted; nobody waits for it.
// Frames are sent in order; each goes out at most once, also when device or server were restarted.
#pragma once

#include <array>
#include <bit>

#include <base/ring.hpp>
#include <base/wire.hpp>

namespace proto::net {

inline constexpr u32 max_entries = 256;        // of a ring
inline constexpr u32 frame_header_bytes = 14;  // of Ethernet: two addresses and a type
inline constexpr u32 least_wire_bytes = 60;    // shorter frames are padded with zeroes

using Mac = std::array<u8, 6>;

struct FilterFlags {
    static constexpr u16 own = 1;        // frames to the device's address
    static constexpr u16 broadcast = 2;  // frames to everybody
    static constexpr u16 multicast = 4;  // frames to any group
    // Frames to any address and of any VLAN, from anybody to anybody: a right that the system's
    // table gives ("promiscuous" among the server's arguments).
    static constexpr u16 promiscuous = 8;
    static constexpr u16 all = 15;
};

// Which frames a session gets: those to one of these addresses, and of that VLAN, and of that type.
struct Filter {
    Mac address;     // one more address, of a card or a group; zero: none
    u16 ether_type;  // 0x0600 and above: only these, behind a VLAN's tag if there is one; zero: all
    u16 vlan;        // 1 to 4094: only frames tagged with it; zero: only those of no VLAN
    u16 flags;       // FilterFlags
    u32 reserved;    // zero
};
static_assert(sizeof(Filter) == 16);

struct Space {
    u64 offset;  // in the buffer; a session's spaces have all the same size
};

struct ReceivedFlags {
    static constexpr u32 checksum_good = 1;  // the device checked the checksums of its protocols
    static constexpr u32 malformed = 2;      // no frame: the space is not in the buffer
};

struct Received {
    u32 offset;  // of the space
    u32 bytes;   // of the frame, from its Ethernet header on, without the checksum at its end
    u32 flags;   // ReceivedFlags
    u32 missed;  // frames that this session lost since the last one for want of a space
};

struct SendFlags {
    // The 16 bits at csum_start + csum_offset hold the sum of the pseudo header; the checksum from
    // csum_start to the frame's end goes there. Made by the device, or by the server in the buffer.
    static constexpr u16 checksum = 1;
};

struct Send {
    u32 offset;       // of the frame in the buffer
    u32 bytes;        // from its Ethernet header on
    u16 flags;        // SendFlags
    u16 csum_start;   // bytes; zero without SendFlags::checksum
    u16 csum_offset;  // bytes; likewise
    u16 reserved;     // zero
};

enum class Status : u32 {
    ok = 0,     // the device took it; whether it arrives nobody knows
    malformed,  // not in the buffer, shorter than a header, longer than Info's max_frame, flags
    link_down,  // not sent
    lost,       // the device was reset under it: it may have been sent or not
};

struct Sent {
    u32 offset;
    Status status;
};
static_assert(RingEntry<Space> && RingEntry<Received> && RingEntry<Send> && RingEntry<Sent>);

// First page of the client memory.
struct ClientPage {
    RingSide spaces;    // produced
    RingSide received;  // consumed
    RingSide sends;     // produced
    RingSide sent;      // consumed
    std::array<u8, page_bytes - 4 * sizeof(RingSide)> reserved;
};

struct LinkBits {
    static constexpr u32 up = 1;
    static constexpr u32 change = 2;  // the rest counts changes: one of these a change
};

// First page of the server memory.
struct ServerPage {
    RingSide spaces;    // consumed
    RingSide received;  // produced
    RingSide sends;     // consumed
    RingSide sent;      // produced
    u32 closed;         // Errc; not zero: the rings are not served any more
    u32 link;           // LinkBits; the doorbell rings whenever it changes
    std::array<u8, page_bytes - 4 * sizeof(RingSide) - 2 * sizeof(u32)> reserved;
};
static_assert(sizeof(ClientPage) == page_bytes && sizeof(ServerPage) == page_bytes);

constexpr bool good_entries(u32 entries)
{
    return std::has_single_bit(entries) && entries <= max_entries;
}
constexpr u64 sends_at(u32 receive_entries)
{
    return page_bytes + u64{receive_entries} * sizeof(Space);
}
constexpr u64 sent_at(u32 receive_entries)
{
    return page_bytes + u64{receive_entries} * sizeof(Received);
}
constexpr u64 client_bytes(u32 receive_entries, u32 send_entries)
{
    return sends_at(receive_entries) + u64{send_entries} * sizeof(Send);
}
constexpr u64 server_bytes(u32 receive_entries, u32 send_entries)
{
    return sent_at(receive_entries) + u64{send_entries} * sizeof(Sent);
}

struct InfoFlags {
    static constexpr u32 link_up = 1;
    static constexpr u32 half_duplex = 2;
    static constexpr u32 full_duplex = 4;
    static constexpr u32 send_checksum = 8;      // the device makes them; else the server does
    static constexpr u32 receive_checksum = 16;  // the device may have checked them
    static constexpr u32 promiscuous = 32;       // sessions may ask for it
    // The device has taken over what all filters want; else what it lets through is still that of
    // before.
    static constexpr u32 settled = 64;
    static constexpr u32 mac_made_up = 128;  // the device has none
};

// What the device is.
struct Info {
    static constexpr u16 ordinal = 1;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {
        Mac mac;
        u16 mtu;          // bytes
        u32 speed;        // Mbit/s; zero: unknown
        u32 max_frame;    // bytes, from the Ethernet header on, with a VLAN's tag
        u32 max_entries;  // of a session's rings
        u32 flags;        // InfoFlags
        u32 virtio;       // version of its registers
        u32 epoch;        // which incarnation of the server
        u64 offered;      // feature bits
        u64 accepted;
    };
};

// A session of the caller's badge; it ends with Detach, or with the badge.
// Carries 4 handles: client memory (read), server memory (read, write), buffer (memory: read,
// write), the client's doorbell (notification: signal). Errors: bad_argument (entries no power of
// two or above Info's max_entries, a space of less than least_wire_bytes, reserved not zero, a
// filter that makes no sense, handles missing), denied (a handle, or promiscuous), wrong_kind,
// out_of_range (memory smaller than the rings need, buffer smaller than a space or 4 GiB and
// above), too_big (the buffer has too many runs), over_quota (too many sessions: of the program, of
// all).
struct Attach {
    static constexpr u16 ordinal = 2;
    static constexpr auto kind = MethodKind::state;
    struct Request {
        u32 receive_entries;
        u32 send_entries;
        u32 space_bytes;  // of every space; a longer frame is lost, and counted
        u32 reserved;     // zero
        Filter filter;
    };
    struct Reply {
        u32 session;  // for Detach and SetFilter
        u32 max_frame;
    };  // carries 1 handle: the server's doorbell (notification: signal)
};

// Ends a session and gives its memory back. Errors: not_found (no such session of the caller's
// badge), busy (frames are at the device: wait for them first).
struct Detach {
    static constexpr u16 ordinal = 3;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        u32 session;
        u32 reserved;  // zero
    };
    struct Reply {};
};

// From now on the session gets other frames. Errors: not_found, denied, bad_argument as Attach.
struct SetFilter {
    static constexpr u16 ordinal = 4;
    static constexpr auto kind = MethodKind::state;
    struct Request {
        u32 session;
        u32 reserved;  // zero
        Filter filter;
    };
    struct Reply {};
};

// Since this server started: of all sessions.
struct Stats {
    static constexpr u16 ordinal = 5;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {
        u64 received_frames;  // that came from the device
        u64 received_bytes;   // of those, from their Ethernet header on
        u64 unwanted;         // of those: no session's filter wants them
        u64 malformed;        // what the device gave that was no frame
        u64 sent_frames;      // that the device took
        u64 sent_bytes;       // of those, with padding
        u64 lost_frames;      // of those: the device was reset before it said that they are out
        u64 refused_frames;   // that did not get to the device
        u64 notifies;         // of the device
        u64 interrupts;       // that it was asked about
        u64 accesses;         // to its registers, those of notifies and interrupts included
        u64 resets;           // because it lied or broke down
    };
};

// Of one session. Errors: not_found, bad_argument (reserved).
struct SessionStats {
    static constexpr u16 ordinal = 6;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        u32 session;
        u32 reserved;  // zero
    };
    struct Reply {
        u64 received_frames;
        u64 received_bytes;
        u64 no_space;  // frames that it lost for want of a space,
        u64 too_long;  // or because they are longer than its spaces
        u64 sent_frames;
        u64 sent_bytes;
        u64 refused_frames;
    };
};

using Protocol = Methods<Info, Attach, Detach, SetFilter, Stats, SessionStats>;

}  // namespace proto::net
