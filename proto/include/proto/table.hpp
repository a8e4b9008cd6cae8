// proto/table.hpp - the system table: what init is told to start, and with what. `tools/vireo`
// compiles it from systems/*.toml into the boot archive and has checked all of it; init checks only
// what it indexes by.
//
// A service is named as the server that gives it; a server of a device is named as its device
// ("disk0").
#pragma once

#include <abi/info.hpp>
#include <base/wire.hpp>

namespace proto::table {

inline constexpr u64 magic = 0x454c424154524956;  // "VIRTABLE"
inline constexpr u32 version = 4;

inline constexpr u32 max_devices = 32;
inline constexpr u32 max_programs = 32;
inline constexpr u32 max_uses = 8;
inline constexpr u32 no_device = ~u32{0};
inline constexpr u32 serial_slot = max_devices;  // of the PL011, which is in no slot
inline constexpr u32 console_id = 3;
inline constexpr u32 pl011_id = 0x1'0000;  // its virtio_id, which virtio has not

struct Device {
    abi::Name name;
    u32 virtio_id;  // virtio 1.2, 5: 1 net, 2 block, 3 console, 4 entropy, 18 input
    u32 slot;       // virtio-mmio bus number, 0..31; serial_slot
};

enum class Role : u32 {
    server = 1,  // gets an endpoint of its own name to serve; is started again when it ends
    app = 2,     // serves nobody
};

struct ProgramFlags {
    // The run ends with the first of these programs that fails, with its exit code (255 unless it
    // exited), or with 0 when all of them have ended.
    static constexpr u32 verdict = 1;
    static constexpr u32 self =
        2;  // is granted its own process, with the right to manage: threads, children
    static constexpr u32 archive =
        4;  // is granted the boot archive: it may start images of it as children
    static constexpr u32 after_servers = 8;  // starts once every server said Ready
    static constexpr u32 manage = 16;  // may ask init to kill, restart, hold and update others
};

// What a program may do with a service that it uses, as far as the service knows degrees.
enum class Access : u32 {
    usual = 0,      // read and write
    read_only = 1,  // "disk0:ro"
    admin = 2,      // "disk0:admin": also what concerns other clients
    raw = 3,        // "rng0:raw": also what the device itself says
};

// When a server that ended is started again. Ends are counted that lie at most `window_ms` back.
struct Restart {
    u32 immediate;        // the first so many: at once
    u32 give_up_after;    // with so many: not again; 0: never, else at most max_ends
    u32 back_off_min_ms;  // the first wait; it doubles with each end
    u32 back_off_max_ms;
    u32 window_ms;
    u32 drain_ms;  // how long its device may end requests before it is reset
    u32 hang;      // 1: it is ended when it hangs
};
inline constexpr u32 max_ends = 16;
inline constexpr Restart usual_restart{
    .immediate = 3,
    .give_up_after = 10,
    .back_off_min_ms = 100,
    .back_off_max_ms = 5'000,
    .window_ms = 60'000,
    .drain_ms = 5'000,
    .hang = 1,
};

struct Program {
    abi::Name name;
    abi::Name binary;  // image in the archive
    Role role;
    u32 flags;     // ProgramFlags
    u32 priority;  // of its first thread, and the ceiling of all
    u32 frames;    // quota
    u32 handles;
    u32 threads;
    u32 stack_bytes;
    u32 device;  // index, or no_device
    u32 use_count;
    u32 argument_offset;  // in the table, in bytes from its first; strings each ended by a zero
                          // byte
    u32 argument_bytes;
    u32 argument_count;
    std::array<abi::Name, max_uses> uses;  // services it may connect to,
    std::array<Access, max_uses> access;   // each with these rights
    Restart restart;                       // of a server
};

// When a server hangs; of the whole system.
struct Hang {
    u32 looks;        // in time, at all of which it was at work on the same
    u32 interval_ms;  // from one look to the next; not 0
    u32 late_ms;      // a look that is later than that makes those before it count for nothing
    u32 ready_ms;     // until it says Ready; only what is between looks in time counts
};
inline constexpr Hang usual_hang{.looks = 5, .interval_ms = 20, .late_ms = 5, .ready_ms = 3'000};

struct Header {
    u64 magic;
    u32 version;
    u32 bytes;  // of the whole table, arguments included
    abi::Name system;
    u32 device_count;
    u32 program_count;
    u32 device_offset;   // of Device[device_count], 8-aligned
    u32 program_offset;  // of Program[program_count], 8-aligned; started in this order
    Hang hang;
};
static_assert(Wire<Header> && Wire<Device> && Wire<Program>);

}  // namespace proto::table
