// proto/block.hpp - the block protocol. Reading this file (and base/ring.hpp) is enough to write a
// client or a server.
//
//   control   calls over an endpoint: Info, then Attach for each session
//   data      two rings of each session: Submissions go down, Completions come up
//
// Data never travels in a message or a ring: a Submission names a range of the session's buffer,
// and that range is the client's until submitted and again once completed. The device reads and
// writes the buffer directly; the server never maps it.
//
// All memory of a session is created and owned by the client. Each side's words of the first pages
// are zero when it is attached, as it left them or as the Attach makes them; what else was in it
// does not matter:
//
//   submissions   RingPage, from the next page Submission[entries]
//                 the client writes, the server reads
//   completions   CompletionPage, from the next page Completion[entries]
//                 the server writes, the client reads
//   buffer        whole pages; contiguous if the kernel had so many, which makes every
//                 request one run for the device
//
// The client produces into submissions.produced and consumes under submissions.consumed; the
// server's pair lies in the completions memory. A doorbell (either direction) is a signal on a
// notification, given with all bits set: the handle's mask keeps the one that is meant. It is due
// when base/ring.hpp says so.
//
// A client has at most `entries` requests outstanding: submitted, and the completion not yet
// released. What it submits beyond stays in the ring; it then signals the doorbell after it
// released completions, asked or not.
//
// Requests of a session complete in any order. Ordering is waiting for a completion, and flush.
//
// A server that is started again knows nothing of its predecessor's sessions. The client reads what
// completions are left, puts its own words back to zero, says DetachAll and Attach with the same
// memory, and submits again what was not completed, under new cookies: no operation does harm a
// second time. The dead one writes nothing any more when the endpoint has its next epoch,
// and neither does the device on its behalf.
#pragma once

#include <array>
#include <bit>

#include <base/ring.hpp>
#include <base/wire.hpp>

namespace proto::block {

inline constexpr u32 sector_bytes = 512;  // of this protocol, whatever the disk's logical block is
inline constexpr u32 serial_bytes = 20;
inline constexpr u32 max_entries = 256;  // of a ring

using Sector = Strong<struct SectorUnit>;

enum class Op : u32 {
    read = 1,
    write = 2,
    flush = 3,      // every write completed before this was submitted is durable once it completes
    write_fua = 4,  // a write that is durable once it completes (forced unit access)
    discard = 5,    // nobody needs what the sectors hold: they read as anything
    write_zeroes = 6,        // the sectors read as zeroes, and keep their space
    write_zeroes_unmap = 7,  // the same, and the device may give their space back
    get_id = 8,              // serial_bytes of the device's serial number into the buffer
};

// Whether it changes what a disk holds.
constexpr bool changes(Op op)
{
    return op == Op::write || (op >= Op::write_fua && op <= Op::write_zeroes_unmap);
}
// Whether it has data, in `count` sectors of the buffer.
constexpr bool has_data(Op op)
{
    return op == Op::read || op == Op::write || op == Op::write_fua || op == Op::get_id;
}

enum class Status : u32 {
    ok = 0,         // all of it is done; there is no partial success
    malformed,      // an unknown op, a bad size, or a range that is not in the buffer
    out_of_range,   // sectors beyond the capacity
    read_only,      // a write to a disk that refuses writes
    device_error,   // the device reported an error, or broke its specification
    not_supported,  // the device does not know this operation, or cannot keep its promise
};

struct Submission {
    Sector first;  // a multiple of the logical block, like `count`; zero for flush and get_id
    u32 count;     // sectors, not zero; zero for flush; 1 for get_id, which fills a part of it
    u32 offset;    // of the data in the buffer: bytes, a multiple of 512; zero if it has none
    Op op;
    u32 cookie;  // returned untouched
};
static_assert(RingEntry<Submission> && sizeof(Submission) == 24);

struct Completion {
    u32 cookie;
    Status status;
};
static_assert(RingEntry<Completion> && sizeof(Completion) == 8);

// First page of the completions memory: the server's RingPage, why it closed the session, if it
// did, whether it left, and the session's size, if it changed.
struct CompletionPage {
    RingSide produced;
    RingSide consumed;
    u32 closed;   // Errc; not zero: nothing more is taken from or put into the rings. Requests in
                  // flight still end.
    u32 resizes;  // how often the disk changed its size under this session; each rings the doorbell
    u64 capacity;  // of the session, in sectors, since the last of them; written before `resizes`
    u32 left;      // 1: whatever was taken from the ring has ended, nothing more will be
    std::array<u8, page_bytes - 2 * sizeof(RingSide) - 2 * sizeof(u64) - sizeof(u32)> reserved;
};
static_assert(sizeof(CompletionPage) == page_bytes);

constexpr bool good_entries(u32 entries)
{
    return std::has_single_bit(entries) && entries <= max_entries;
}
constexpr u64 submissions_bytes(u32 entries)
{
    return page_bytes + u64{entries} * sizeof(Submission);
}
constexpr u64 completions_bytes(u32 entries)
{
    return page_bytes + u64{entries} * sizeof(Completion);
}

struct InfoFlags {
    static constexpr u32 read_only = 1;  // writes are answered read_only
    static constexpr u32 write_cache =
        2;  // a completed write may be lost until a flush; else flush only succeeds
    static constexpr u32 discard = 4;               // the operation is there
    static constexpr u32 write_zeroes = 8;          // it is there, in both forms
    static constexpr u32 write_zeroes_unmaps = 16;  // the form that may give space back does so
    static constexpr u32 fua_emulated = 32;    // write_fua costs a write and a flush of the device
    static constexpr u32 cache_settable = 64;  // SetWriteCache is there
};

// What the disk is.
struct Info {
    static constexpr u16 ordinal = 1;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {
        Sector capacity;
        u32 logical_block;                    // bytes; requests are multiples of it
        u32 physical_block;                   // bytes; writes of less are slow
        u32 max_bytes;                        // of one request whose data is one run
        u32 max_runs;                         // of one request's data
        u32 max_entries;                      // of a session's rings
        u32 flags;                            // InfoFlags
        u32 epoch;                            // which incarnation of the server
        std::array<u8, serial_bytes> serial;  // padded with zeroes, as the device gave it
    };
};

struct AttachFlags {
    static constexpr u32 read_only = 1;  // writes of this session are answered read_only
};

// A session of the caller's badge; it ends with Detach, or with the badge. Its sector 0 is sector
// `first` of the disk, and it reaches `count` of them: no request of it names another one.
// Carries 4 handles: submissions (memory: read), completions (memory: read, write), buffer (memory:
// read, write), the client's doorbell (notification: signal). Errors: bad_argument (entries no
// power of two or above Info's max_entries, unknown flags, `first` or `count` no whole blocks or
// beyond 64 bits, handles missing), wrong_kind, denied
// (a handle), out_of_range (memory smaller than the rings need, buffer empty or 4 GiB and above),
// too_big (the buffer has too many runs), over_quota (too many sessions: of the program, of all).
struct Attach {
    static constexpr u16 ordinal = 8;  // 2 was one without a range
    static constexpr auto kind = MethodKind::state;
    struct Request {
        u32 entries;
        u32 flags = 0;   // AttachFlags
        Sector first{};  // of the disk
        u64 count = 0;   // sectors; 0: to the end of the disk, wherever that will be
    };
    struct Reply {
        u32 session;    // for Detach
        u32 max_bytes;  // a request of at most so many bytes is never too fragmented in this buffer
        Sector capacity;  // of the session: less than `count` if the disk ends before
    };  // carries 1 handle: the server's doorbell (notification: signal)
};

// Ends a session and gives its memory back. Errors: not_found (no such session of the caller's
// badge), busy (requests are in flight: wait for their completions first).
struct Detach {
    static constexpr u16 ordinal = 3;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        u32 session;
        u32 reserved;  // zero
    };
    struct Reply {};
};

// What the device cost since this server started: of all sessions, set-up included.
struct Stats {
    static constexpr u16 ordinal = 4;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {
        u64 notifies;    // of the device
        u64 interrupts;  // that it was asked about
        u64 accesses;    // to its registers, those of notifies and interrupts included
        u64 resets;      // because it lied or broke down
    };
};

// Ends all sessions of the caller's badge. Their requests in flight end without being reported, and
// their memory is given back when the device is done with it.
struct DetachAll {
    static constexpr u16 ordinal = 5;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {};
};

// The most that one request may be where it has no data, and what limits the others.
struct RangeLimits {
    static constexpr u16 ordinal = 6;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {
        u32 max_discard_sectors;       // 0: not_supported; else a whole block or more
        u32 discard_alignment;         // sectors; a discard that is not aligned may do less
        u32 max_write_zeroes_sectors;  // 0: not_supported; else a whole block or more
        u32 reserved;
    };
};

// Whether completed writes may stay in a volatile cache of the device, for all its sessions. What
// was written before is durable after a flush. Lasts as long as the server. Errors: denied (the
// caller's table does not give it `admin`), not_supported (the device has one way only, or has no
// flush that a cache would need), bad_argument, device_fault (the device does not take it over).
struct SetWriteCache {
    static constexpr u16 ordinal = 7;
    static constexpr auto kind = MethodKind::state;
    struct Request {
        u32 on;  // 0 or 1
        u32 reserved;
    };
    struct Reply {};
};

using Protocol = Methods<Info, Attach, Detach, Stats, DetachAll, RangeLimits, SetWriteCache>;

static_assert(sizeof(Info::Reply) == 56);

}  // namespace proto::block
