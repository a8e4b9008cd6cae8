// proto/input.hpp - the input protocol: one keyboard, mouse or tablet. Reading this file (and
// base/ring.hpp) is enough to write a client or a server.
//
//   control   calls over an endpoint: Info, Codes, Axis; Attach, Subscribe, Grab; State, after a
//   loss data      one ring of each session: Events come up
//
// Types, codes and values are Linux's (input-event-codes.h). Events come in frames: what happened
// at once, then SYN_REPORT; a ring never shows a part of one. A frame in which nothing is left that
// the session wants is left out.
//
// What does not change anything is left out too: a key that is pressed twice, an axis that stays
// where it is, a motion of zero. A key that repeats has the value 2.
//
// A session that does not empty its ring loses its own events only. Motion is added up until there
// is room (EV_REL summed, of EV_ABS the newest); keys never are: when a frame with anything else
// finds no room, all is dropped until half of the ring is empty, and then SYN_DROPPED comes, once,
// with a SYN_REPORT of its own. So it does when the device may have lost something, and when
// somebody else's grab ends. The session's picture of the device is wrong then, and State gives a
// new one.
//
// All memory of a session is created and owned by the client, zeroed before the first Attach:
//
//   client    a RingPage, of which `consumed` is used: the client writes, the server reads
//   events    EventPage, from the next page Event[entries]: the server writes, the client reads
//
// A doorbell (either direction) is a signal on a notification, given with all bits set: the
// handle's mask keeps the one that is meant. It is due when base/ring.hpp says so; the client asks
// Consumer::release_and_check.
#pragma once

#include <array>
#include <bit>

#include <abi/object.hpp>
#include <base/ring.hpp>
#include <base/wire.hpp>

namespace proto::input {

inline constexpr u32 max_frame = 64;      // events, SYN_REPORT included
inline constexpr u32 min_entries = 128;   // of a ring
inline constexpr u32 max_entries = 4096;  // of a ring
inline constexpr u32 max_text = 128;      // bytes of a name
inline constexpr u32 key_codes = 0x300;
inline constexpr u32 rel_codes = 0x10;
inline constexpr u32 abs_codes = 0x40;
inline constexpr u32 led_codes = 0x10;
inline constexpr u32 type_count = 0x20;

struct Event {
    abi::Ticks time;  // when the server took it from the device; the same in all of a frame
    u16 type;
    u16 code;
    i32 value;
    friend constexpr bool operator==(const Event&, const Event&) = default;
};
static_assert(RingEntry<Event> && sizeof(Event) == 16);

// First page of the events memory.
struct EventPage {
    RingSide produced;
    u32 closed;  // Errc; not zero: the client broke its ring and nothing more is put into it
    std::array<u8, page_bytes - sizeof(RingSide) - sizeof(u32)> reserved;
};
// RingSide is aligned to a cache line, and so is what contains one.
static_assert(sizeof(EventPage) == page_bytes);

constexpr bool good_entries(u32 entries)
{
    return std::has_single_bit(entries) && entries >= min_entries && entries <= max_entries;
}
constexpr u64 events_bytes(u32 entries) { return page_bytes + u64{entries} * sizeof(Event); }

// A set of event types: bit n is type n. EV_SYN always comes.
inline constexpr u32 all_types = ~u32{0};

enum class Class : u32 { other = 0, keyboard = 1, mouse = 2, tablet = 3 };

// What the device is.
struct Info {
    static constexpr u16 ordinal = 1;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {
        Class device_class;
        u32 types;                          // that it can send, and EV_LED, EV_REP if it has them
        std::array<u16, 4> ids;             // bus type, vendor, product, version
        u32 epoch;                          // which incarnation of the server
        u32 max_entries;                    // of a session's ring
        std::array<char, max_text> name;    // any bytes, padded with zeroes
        std::array<char, max_text> serial;  // the same
    };
};

// Which codes of a type the device has: bit n % 8 of byte n / 8 is code n. Errors: not_found (none
// of that type), bad_argument (reserved is not zero).
struct Codes {
    static constexpr u16 ordinal = 2;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        u32 type;
        u32 reserved;  // zero
    };
    struct Reply {
        std::array<u8, 128> bits;
    };
};

// Range of an axis; min < max, and every value that comes lies in it. Errors: not_found (the device
// does not have it), bad_argument (reserved is not zero).
struct Axis {
    static constexpr u16 ordinal = 3;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        u32 code;
        u32 reserved;  // zero
    };
    struct Reply {
        i32 min;
        i32 max;
        i32 fuzz;
        i32 flat;
        i32 resolution;  // units of a millimetre; zero: not known
    };
};

// Keys, LEDs and axes as they are now. Errors: busy (somebody else has grabbed the device).
struct State {
    static constexpr u16 ordinal = 4;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {
        u32 position;  // events of the caller's session before this ring index are in here already
        u32 leds;      // bit n: LED n is lit
        std::array<u8, key_codes / 8> keys;  // bit n % 8 of byte n / 8: key n is held
        std::array<i32, abs_codes> axes;     // zero where no event came yet
    };
};

// The session of the caller's badge; it ends with Detach, or with the badge. `types`: what it wants
// to hear of. Carries 3 handles: client (memory: read), events (memory: read, write), the client's
// doorbell (notification: signal). Errors: bad_argument (entries, handles missing), exists (the
// badge has a session), wrong_kind, denied (a handle), out_of_range (memory smaller than the ring
// needs), over_quota (too many sessions: of the program, of all).
struct Attach {
    static constexpr u16 ordinal = 5;
    static constexpr auto kind = MethodKind::state;
    struct Request {
        u32 entries;
        u32 types;
    };
    struct Reply {};  // carries 1 handle: the server's doorbell (notification: signal)
};

// Other types from now on. Errors: not_found (no session).
struct Subscribe {
    static constexpr u16 ordinal = 6;
    static constexpr auto kind = MethodKind::state;
    struct Request {
        u32 types;
        u32 reserved;  // zero
    };
    struct Reply {};
};

// While it lasts all events come to this session only. It ends with it. The keys that others
// believe held are in their next State. Errors: not_found (no session), busy (somebody else has
// it), bad_argument (`on` is not 0 or 1).
struct Grab {
    static constexpr u16 ordinal = 7;
    static constexpr auto kind = MethodKind::state;
    struct Request {
        u32 on;
        u32 reserved;  // zero
    };
    struct Reply {};
};

// Bit n: LED n. Those of `mask` become as `lit` says; the last word of any client counts. Errors:
// bad_argument (lit has a bit that mask has not), not_found (the device lacks a LED of them), busy
// (somebody else has grabbed the device).
struct SetLeds {
    static constexpr u16 ordinal = 8;
    static constexpr auto kind = MethodKind::state;
    struct Request {
        u32 mask;
        u32 lit;
    };
    struct Reply {};
};

// The key pressed last repeats for this session: `delay` after it was pressed, then every `period`,
// both in milliseconds. Two zeroes: it does not, as at first. A device that repeats by itself is
// believed instead. Errors: not_found (no session), not_supported (no keyboard), bad_argument (one
// is zero, or a period or delay above 10,000).
struct SetRepeat {
    static constexpr u16 ordinal = 9;
    static constexpr auto kind = MethodKind::state;
    static constexpr u32 most_ms = 10'000;
    struct Request {
        u32 delay;
        u32 period;
    };
    struct Reply {};
};

// Ends the session of the caller's badge. Errors: not_found.
struct Detach {
    static constexpr u16 ordinal = 10;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {};
};

// Since this server started.
struct Stats {
    static constexpr u16 ordinal = 11;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {
        u64 events;      // that the device sent
        u64 frames;      // of those, with something new in them
        u64 ignored;     // events that it had not announced, or that broke a frame
        u64 losses;      // times that the device may have lost something
        u64 coalesced;   // frames of motion that waited for a session's room
        u64 dropped;     // frames that a session lost
        u64 notifies;    // of the device
        u64 interrupts;  // that it was asked about
        u64 accesses;    // to its registers, those included
        u64 resets;      // because it lied or broke down
    };
};

using Protocol =
    Methods<Info, Codes, Axis, State, Attach, Subscribe, Grab, SetLeds, SetRepeat, Detach, Stats>;

static_assert(sizeof(Info::Reply) == 280 && sizeof(State::Reply) == 360);

}  // namespace proto::input
