// proto/console.hpp - the console protocol. Reading this file is enough to write a client or a
// server.
//
// One console: bytes out for a terminal, bytes in from whoever sits there. Anybody who may connect
// writes; one session reads, which says so by Listen.
//
//   Listen -> ok            the carried notifications tell of input and of interrupts (Ctrl-C)
//   Read -> bytes           what came since; would_block: nothing more, wait for the signal
//   Write -> how many       the rest does not fit for now
//
// A server that dies loses what it had taken from the line and nobody had read; a session repeats
// Listen to the next one. Whether a Write that got no answer was shown is not known.
#pragma once

#include <array>

#include <base/wire.hpp>

namespace proto::console {

inline constexpr u32 max_bytes = 504;  // of one message

enum class BackEnd : u32 { pl011 = 0 };

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
    };
};

// Bytes for the terminal, as they are. Errors: bad_argument (size is 0 or above max_bytes, or
// reserved is not 0).
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

// This session reads from now on, until its last handle is closed. Two handles (notification,
// signal) are signalled with all bits that they may raise: the first when there are bytes and there
// were none, at once if there are some now; the second at an interrupt. A second Listen replaces
// the first. Errors: bad_argument (flags, or not two notifications), busy (another session reads).
struct Listen {
    static constexpr u16 ordinal = 4;
    static constexpr auto kind = MethodKind::state;
    struct Request {
        u32 flags;
        u32 reserved;
    };
    struct Reply {};
};

using Protocol = Methods<Info, Write, Read, Listen>;

static_assert(sizeof(Write::Request) == 512 && sizeof(Read::Reply) == 512
              && sizeof(Info::Reply) == 40);

}  // namespace proto::console
