// proto/console.hpp - the console protocol. Reading this file is enough to write a client or a
// server.
//
// One console: bytes out for a terminal, bytes in from whoever sits there. Anybody who may connect
// writes; one session reads, which says so by Listen.
//
//   Listen -> ok            the carried notifications tell of input, Ctrl-C, and changes
//   Read -> bytes           what came since; would_block: nothing more, wait for the signal
//   Write -> how many       the rest does not fit for now; would_block: nothing does
//   AwaitRoom -> ok         the carried notification tells when a Write is worth another try
//
// A server that dies loses what it had taken from the line and nobody had read; a session repeats
// Listen to the next one. Whether a Write that got no answer was shown is not known. What a Write
// took is lost if the device breaks down before it is out, or drops it, as QEMU's does when nobody
// reads at the other end.
#pragma once

#include <array>

#include <base/wire.hpp>

namespace proto::console {

inline constexpr u32 max_bytes = 504;  // of one message

enum class BackEnd : u32 { pl011 = 0, virtio = 1 };

struct InfoFlags {
    static constexpr u32 connected = 1;  // somebody is at the other end, as far as the device knows
};

struct Info {
    static constexpr u16 ordinal = 1;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {
        BackEnd back_end;
        u16 columns;  // 0: nobody knows
        u16 rows;
        u64 received;    // bytes, since the server started
        u64 written;     // bytes
        u64 interrupts;  // Ctrl-C and breaks
        u64 discarded;   // bytes that an interrupt threw away
        u64 notifies;    // of the device, because of a Write
        u32 ports;       // that the device has beside the console: Port tells of them
        u32 resets;      // of the device, because it lied or broke down
        u32 flags;       // InfoFlags
        u32 reserved;
    };
};

// Bytes for the terminal, as they are, by one notification of the device at most. Errors:
// bad_argument (size is 0 or above max_bytes, or reserved is not 0), would_block (nothing fits for
// now), device_fault (it broke down, and a reset did not help).
struct Write {
    static constexpr u16 ordinal = 2;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        u32 size;
        u32 reserved;
        std::array<u8, max_bytes> data;
    };
    struct Reply {
        u32 taken;  // of the first bytes
        u32 reserved;
    };
};

// Takes bytes that came in. Errors: would_block (there are none), denied (this session does not
// listen).
struct Read {
    static constexpr u16 ordinal = 3;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {
        u32 size;
        u32 reserved;
        std::array<u8, max_bytes> data;  // zero beyond `size`
    };
};

struct ListenFlags {
    // Byte 3 (Ctrl-C) and a break of the line are no input: what nobody has read yet is thrown
    // away, and the second notification signalled.
    static constexpr u32 interrupts = 1;
};

// This session reads from now on, until its last handle is closed. Three handles (notification,
// signal) are signalled with all bits that they may raise: the first when there are bytes and there
// were none, at once if there are some now; the second at an interrupt; the third when Info or Port
// would answer otherwise: another size, somebody came or went. A second Listen replaces the first.
// Errors: bad_argument (flags, or not three notifications), busy (another session reads).
struct Listen {
    static constexpr u16 ordinal = 4;
    static constexpr auto kind = MethodKind::state;
    struct Request {
        u32 flags;
        u32 reserved;
    };
    struct Reply {};
};

// The carried notification (1 handle: signal) is signalled once, with all bits that it may raise,
// when Write would take something; at once if it would now. One a badge, the last one counts.
// Errors: bad_argument (no handle, or of another kind), over_quota (too many wait), device_fault as
// Write.
struct AwaitRoom {
    static constexpr u16 ordinal = 5;
    static constexpr auto kind = MethodKind::state;
    struct Request {};
    struct Reply {};
};

struct PortFlags {
    static constexpr u32 console = 1;    // the device calls it a console
    static constexpr u32 connected = 2;  // somebody is at its other end
};

inline constexpr u32 max_ports = 31;  // that a server tells of

// The index-th port that the device has beside the console. Nothing can be read or written there.
// Errors: out_of_range (there are not so many), bad_argument (reserved is not 0).
struct Port {
    static constexpr u16 ordinal = 6;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        u32 index;
        u32 reserved;
    };
    struct Reply {
        u32 id;                     // the device's number
        u32 flags;                  // PortFlags
        std::array<char, 48> name;  // zero beyond its end; longer ones are cut
    };
};

using Protocol = Methods<Info, Write, Read, Listen, AwaitRoom, Port>;

static_assert(sizeof(Write::Request) == 512 && sizeof(Read::Reply) == 512
              && sizeof(Info::Reply) == 64 && sizeof(Port::Reply) == 56);

}  // namespace proto::console
