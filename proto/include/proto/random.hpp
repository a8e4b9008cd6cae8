// proto/random.hpp - the random protocol. Reading this file is enough to write a client or a
// server.
//
// One service, answered in one message: bytes of a DRBG that the server seeds and reseeds from its
// device. Nothing is handed out before the first seed, and no byte twice: a server that restarts
// seeds afresh.
//
//   Get -> bytes         the usual way
//   Get -> would_block   not seeded, or overdue for a reseed that the device does not answer, and
//                        the program had its share: Subscribe, wait for the signal, Get again
//
// Who wants much brings memory of its own, a page for Board and 1 to 16 pages of data:
//
//   Attach (memory, doorbell)
//   Fill (page, bytes)     up to 4096 bytes of the generator are there with the answer
//   Raw (page, bytes)      the device was asked to write its own bytes there, in one request;
//                          when it did, Board says so and the doorbell is rung. Until then the
//                          page is the device's. One at a time. For who may ("rng0:raw"), and
//                          wants to judge the device, or mix its bytes himself: no health test
//                          has seen them
#pragma once

#include <array>
#include <atomic>

#include <abi/info.hpp>
#include <base/types.hpp>
#include <base/wire.hpp>

namespace proto::random {

// Up to 56 bytes, in registers. The reply's tail beyond `bytes` is zero.
// Errors: bad_argument (bytes is 0 or above 56, reserved is not 0), would_block (see above).
struct Get {
    static constexpr u16 ordinal = 1;
    static constexpr auto kind = MethodKind::query;
    static constexpr u32 max_bytes = 56;
    struct Request {
        u32 bytes;
        u32 reserved;  // zero
    };
    struct Reply {
        std::array<u8, max_bytes> data;
    };
};

// As Get, up to 512 bytes through the message page.
struct GetMany {
    static constexpr u16 ordinal = 2;
    static constexpr auto kind = MethodKind::query;
    static constexpr u32 max_bytes = 512;
    struct Request {
        u32 bytes;
        u32 reserved;  // zero
    };
    struct Reply {
        std::array<u8, max_bytes> data;
    };
};

enum class Health : u32 {
    unseeded = 0,  // nothing is handed out yet
    good = 1,
    stale = 2,   // a reseed is overdue and nothing is handed out until the device answers
    failed = 3,  // the device's bytes failed the health test twice running: nothing is handed out
                 // any more
};

struct Info {
    static constexpr u16 ordinal = 3;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {
        Health health;
        u32 reseeds;          // the first seed included
        u64 bytes_served;     // to all clients
        u64 device_bytes;     // taken from the device
        u64 discarded_bytes;  // of those: refused by the health test
    };
};

// The carried notification (1 handle: signal) is signalled once, with all bits that it may raise,
// when bytes are to be had by its program, or will never be; at once if that is so now. One
// subscription a badge, the last one counts. Errors: bad_argument (no handle, or of another kind),
// over_quota (too many subscribers, of the program or of all).
struct Subscribe {
    static constexpr u16 ordinal = 4;
    static constexpr auto kind = MethodKind::state;
    struct Request {};
    struct Reply {};
};

// First page of a session's memory; the server writes it.
struct Board {
    std::atomic<u32> ended;  // requests for raw bytes; counted after the other words were written
    u32 bytes;               // that the last one brought: perhaps none
    u32 status;              // Errc of it: device_fault if the device was reset
    std::atomic<u32> begun;  // requests; while it differs from `ended`, one is with the device
};
inline constexpr u32 most_pages = 16;          // of data
inline constexpr u32 most_bytes = page_bytes;  // of one request

struct AttachFlags {
    static constexpr u32 raw = 1;  // Raw will be asked for
};

// Carries 2 handles: memory (map, read, write, of 2 to 17 pages) and notification (signal). Takes
// the place of an earlier one of the badge. Errors: bad_argument (flags, or other handles),
// wrong_kind, denied (raw without the right to it), out_of_range (memory of another size), busy (a
// raw request of the badge is with the device), over_quota (too many of this program, or of all).
struct Attach {
    static constexpr u16 ordinal = 5;
    static constexpr auto kind = MethodKind::state;
    struct Request {
        u32 flags;     // AttachFlags
        u32 reserved;  // zero
    };
    struct Reply {};
};

// Errors: not_found (nothing attached), bad_argument (no such page; bytes is 0 or above 4096), busy
// (the device has the page), and as Get.
struct Fill {
    static constexpr u16 ordinal = 6;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        u32 page;  // of data, from 0
        u32 bytes;
    };
    struct Reply {};
};

// The reply says that the device was asked. Errors: as Fill, but denied (not attached for raw
// bytes), busy (one is under way), would_block (too many are, of others or of the program: the
// doorbell rings when there is a place).
struct Raw {
    static constexpr u16 ordinal = 7;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        u32 page;
        u32 bytes;
    };
    struct Reply {};
};

enum class SourceState : u32 {
    waiting = 0,  // it gave no seed yet
    good = 1,
    failed = 2,  // put aside: the device failed its health test, or the service has no bytes
};

// The index-th source: 0 is the server's device, then the services whose bytes it mixes in. Errors:
// out_of_range (there are fewer), bad_argument.
struct Source {
    static constexpr u16 ordinal = 8;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        u32 index;
        u32 reserved;  // zero
    };
    struct Reply {
        abi::Name name;
        u64 bytes;      // that it gave
        u64 discarded;  // of those: refused by the health test
        u32 seeds;
        SourceState state;
    };
};

using Protocol = Methods<Get, GetMany, Info, Subscribe, Attach, Fill, Raw, Source>;

static_assert(sizeof(Get::Reply) == 56 && sizeof(GetMany::Reply) == 512
              && sizeof(Info::Reply) == 32);

}  // namespace proto::random
