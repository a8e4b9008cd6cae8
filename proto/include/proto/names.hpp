// proto/names.hpp - what init answers to everybody: names, and what is running.
//
// Each program is granted one handle "names": an endpoint that init serves, badged with the
// program's identity. A server says Ready once it can work. Anybody asks Connect for a service of
// its table's `uses` and receives a badged endpoint handle of that service: a badge of its own for
// each connect, never reused. Connect never waits for the server: calls on the endpoint wait for
// it.
#pragma once

#include <string_view>

#include <abi/info.hpp>
#include <base/wire.hpp>
#include <proto/table.hpp>

namespace proto::names {

// The badge of a connect: which program asked, as long as the system runs, what it may do there,
// and a number that is never used again. Servers share out what they have by program.
struct ConnectBadge {
    using Program = Field<63, 48>;
    using Access = Field<47, 46>;  // what its table says behind the service's name
    using Number = Field<45, 0>;

    static constexpr u64 make(u32 program, u64 number, table::Access access = {})
    {
        return Program::make(program) | Access::make(static_cast<u64>(access))
               | Number::make(number);
    }
    static constexpr table::Access access(u64 badge)
    {
        return static_cast<table::Access>(Access::get(badge));
    }
};

// The service's endpoint. Errors: not_found (no such service), denied (not in `uses`, or a badge of
// the asker is shut out there), bad_argument (the caller takes no handle), over_quota (the asking
// program's handle quota). A connect takes two of that quota: one for the handle, as any handle
// does, and one for the badge, which is paid back when the last handle is closed and the server has
// heard of that, or has ended. So a program that connects and closes while a server hangs runs out
// of handles itself, and nobody else does.
struct Connect {
    static constexpr u16 ordinal = 1;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        abi::Name service;
    };
    struct Reply {
        u64 badge;  // as the server will see it
    };  // carries 1 handle: endpoint (call, duplicate, transfer)
};

// A ring whose requests the device always ends, where it lies in memory that the device reaches.
// When its server has died, init waits until the device ended them before it resets the device: a
// reset with requests in flight makes QEMU stop the whole machine until they have ended.
struct RequestRing {
    u16 entries;  // 0: there is none
    u16 packed;   // 1: packed, 0: split
    u16 queue;    // its number at the device
    u16 reserved;
    u32 driver;  // offset in bytes, of a multiple of 2: available ring, or packed ring
    u32 device;  // used ring; not looked at of a packed one
};

// A server is able to work. One that leaves gives a doorbell: when init rings it, the server takes
// no more work, ends what it has, and exits with 0. Errors: denied (an app), exists (said before),
// bad_argument, wrong_kind (of a handle).
struct Ready {
    static constexpr u16 ordinal = 2;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        RequestRing ring;
        u32 leaves;  // 1: it does
        u32 reserved;
    };  // carries, if there is a ring, 1 handle: memory (read); then, if it leaves: notification
        // (signal)
    struct Reply {};
};

enum class State : u32 {
    waiting = 0,     // for its first start
    starting = 1,    // it runs, and has not said Ready
    ready = 2,       // an app that runs is ready
    exited = 3,      // by itself, for good
    failed = 4,      // could not be started, crashed for good, or its device does not reset
    restarting = 5,  // ended, and will be started again
    gave_up = 6,     // ended too often: its callers get gave_up
    held = 7,        // ended while it was held: its callers wait
    leaving = 8,     // ends what it has, to make room for its next image
};

constexpr std::string_view state_name(State state)
{
    constexpr std::array<std::string_view, 9> known{"waiting", "starting", "ready",
                                                    "exited",  "failed",   "restarting",
                                                    "gave_up", "held",     "leaving"};
    const auto index = static_cast<usize>(state);
    return index < known.size() ? known[index] : "?";
}

// The index-th program of the table. Errors: out_of_range.
struct Process {
    static constexpr u16 ordinal = 3;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        u32 index;
        u32 reserved;
    };
    struct Reply {
        abi::Name name;
        abi::Name binary;
        State state;
        u32 epoch;  // how often it was started again; stands behind its name in the log
        u32 priority;
        u32 frames_used;
        u32 frames_limit;
        u32 handles_used;
        u32 threads_used;
        u32 exit_cause;  // abi::ExitCause
        u64 exit_code;
    };
};

// The index-th device of the table. Errors: out_of_range.
struct Device {
    static constexpr u16 ordinal = 4;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        u32 index;
        u32 reserved;
    };
    struct Reply {
        abi::Name name;
        abi::Name owner;  // server, empty if none
        u32 slot;
        u32 virtio_id;  // as the device says
        u32 version;    // virtio-mmio register layout: 1 legacy, 2
        u32 vendor;
        u32 present;    // 1: the device is there and is what the table says
        u32 exclusive;  // 1: its page is its owner's alone, registers are mapped; 0: SYS_DEVICE_IO
        u32 pinned_pages;
        u32 quarantined_pages;
    };
};

// What a program may ask for whose table says `manage`. Errors of all: denied (it does not),
// not_found.

// Ends a running program as a crash would: for a server, with all that follows.
struct Kill {
    static constexpr u16 ordinal = 5;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        abi::Name program;
    };
    struct Reply {};
};

// A new instance of a server now, whether the old one runs, waits for its restart, is held or was
// given up; ends of before are forgotten, and who was shut out may connect again. Answered when the
// old one has ended.
struct Restart {
    static constexpr u16 ordinal = 6;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        abi::Name server;
    };
    struct Reply {};
};

// When this server ends next, it is not started again, and not given up either: callers wait, until
// somebody asks for Restart.
struct Hold {
    static constexpr u16 ordinal = 7;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        abi::Name server;
    };
    struct Reply {};
};

// Another image for a server while it works, or the same again: it ends what it has, then the next
// instance is made of `image`, and so are later ones. A server that does not leave within its
// `drain_ms`, or never said that it can, is killed instead; one that ends before it is ready is
// replaced by the last image that was. Of one that does not run the next instance is made of it.
// Answered at once. Errors: not_found (or no such image in the archive), busy (it is leaving).
struct Update {
    static constexpr u16 ordinal = 9;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        abi::Name server;
        abi::Name image;
    };
    struct Reply {};
};

// How a server ended, the index-th last time of all; some of the last are kept. Errors:
// out_of_range.
struct Crash {
    static constexpr u16 ordinal = 8;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        u32 index;
        u32 reserved;
    };
    struct Reply {
        abi::Name name;
        u64 at_ms;  // since boot
        u32 epoch;
        u32 cause;  // abi::ExitCause
        u64 code;
        u64 pc;  // of a fault, as esr and far
        u64 esr;
        u64 far;
        State next;    // what followed: restarting, gave_up, held or failed
        u32 wait_ms;   // before the restart
        u32 drain_ms;  // that its device took to end what it had been asked, and to be reset
        u32 hung;      // 1: init killed it, since it did not go on
    };
};

// The page of a server (abi::ServerPage), which also later instances write: one handle (memory,
// read), for a program whose table says `manage`. Errors: denied, not_found, bad_argument (the
// caller does not take a handle).
struct Statistics {
    static constexpr u16 ordinal = 10;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        abi::Name server;
    };
    struct Reply {};
};

using Protocol =
    Methods<Connect, Ready, Process, Device, Kill, Restart, Hold, Crash, Update, Statistics>;

}  // namespace proto::names
