// proto/names.hpp - what init answers to everybody: names, and what is running.
//
// Each program is granted one handle "names": an endpoint that init serves, badged with the
// program's identity. A server says Ready once it can work. Anybody asks Connect for a service of
// its table's `uses` and receives a badged endpoint handle of that service: a badge of its own for
// each connect, never reused. Connect never waits for the server: calls on the endpoint wait for
// it.
#pragma once

#include <abi/info.hpp>
#include <base/wire.hpp>

namespace proto::names {

// The badge of a connect: which program asked, as long as the system runs, and a number that is
// never used again. Servers share out what they have by program.
struct ConnectBadge {
    using Program = Field<63, 48>;
    using Number = Field<47, 0>;

    static constexpr u64 make(u32 program, u64 number)
    {
        return Program::make(program) | Number::make(number);
    }
};

// The service's endpoint. Errors: not_found (no such service), denied (not in `uses`), bad_argument
// (the caller takes no handle), over_quota (the asking program's handle quota). A connect takes two
// of that quota: one for the handle, as any handle does, and one for the badge, which is paid back
// when the last handle is closed and the server has heard of that, or has ended. So a program that
// connects and closes while a server hangs runs out of handles itself, and nobody else does.
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

// A server is able to work. Errors: denied (an app), exists (said before).
struct Ready {
    static constexpr u16 ordinal = 2;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {};
};

enum class State : u32 { waiting = 0, starting = 1, ready = 2, exited = 3, failed = 4 };

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
        u32 epoch;
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

using Protocol = Methods<Connect, Ready, Process, Device>;

}  // namespace proto::names
