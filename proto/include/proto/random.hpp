// proto/random.hpp - the random protocol. Reading this file is enough to write a client or a
// server.
//
// One service, answered in one message: bytes of a DRBG that the server seeds and reseeds from its
// device. Nothing is handed out before the first seed, and no byte twice: a server that restarts
// seeds afresh.
//
//   Get -> bytes         the usual way
//   Get -> would_block   not seeded, or overdue for a reseed that the device does not answer:
//                        Subscribe, wait for the signal, Get again
#pragma once

#include <array>

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
// when bytes are to be had; at once if they are now. One subscription a badge, the last one counts.
// Errors: bad_argument (no handle, or of another kind), over_quota (too many subscribers).
struct Subscribe {
    static constexpr u16 ordinal = 4;
    static constexpr auto kind = MethodKind::state;
    struct Request {};
    struct Reply {};
};

using Protocol = Methods<Get, GetMany, Info, Subscribe>;

static_assert(sizeof(Get::Reply) == 56 && sizeof(GetMany::Reply) == 512
              && sizeof(Info::Reply) == 32);

}  // namespace proto::random
