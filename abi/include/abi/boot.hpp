// abi/boot.hpp - the boot archive, and what a new process finds at its entry.
//
// The archive is the initrd. `tools/vireo` makes it; the kernel reads of it the header and the
// image named "init"; init reads the rest. All offsets are from its first byte. Reader's rule:
// check magic, version and size, then every offset + count against `size` before use.
#pragma once

#include <abi/info.hpp>

namespace abi {

inline constexpr u64 archive_magic = 0x4352414f45524956;  // "VIREOARC" as little-endian bytes
inline constexpr u32 archive_version = 1;

struct ArchiveFlags {
    static constexpr u32 counters =
        1;  // EL0 may read the PMU's counters (benchmarks under -icount)
};

struct ArchiveHeader {
    u64 magic;
    u32 version;
    u32 flags;  // ArchiveFlags
    u64 size;   // of the archive in bytes
    u32 image_count;
    u32 image_offset;  // of Image[image_count], 8-aligned
    u32 table_offset;  // of the system table, 8-aligned (proto/table.hpp); the kernel never looks
    u32 table_bytes;
};
static_assert(sizeof(ArchiveHeader) == 40);

struct Segment {
    u64 address;     // page-aligned
    u64 offset;      // of its bytes in the archive, page-aligned
    u64 file_bytes;  // the rest up to memory_bytes is zero
    u64 memory_bytes;
    u32 rights;  // right::read, write, execute; never write with execute
    u32 reserved;
};
static_assert(sizeof(Segment) == 40);

inline constexpr u32 max_segments = 6;

struct Image {
    Name name;
    u64 entry;
    u32 segment_count;
    u32 reserved;
    std::array<Segment, max_segments> segments;
};
static_assert(sizeof(Image) == 32 + 40 * max_segments);

// Where things are in a process's address space.
inline constexpr u64 image_base = 0x400000;          // programs are linked here
inline constexpr u64 mapping_base = 0x10'0000'0000;  // the kernel's choice of addresses starts here
inline constexpr u64 message_base = 0x70'0000'0000;  // message page of thread n: + n * 2 pages
inline constexpr u64 user_end = 0x80'0000'0000;      // 39-bit address space

// A thread starts with x0 = its argument, x1 = its message page, x2.. zero, SP as given.
// The first thread of a process that init starts has as argument the address of a Startup; init
// itself that of a BootInfo.

// A handle that the new process was given.
struct Grant {
    Name name;  // what it is for: "serve", "names", "device", "self", ...
    Slot slot;
    u32 kind;   // abi::Kind
    u32 index;  // the n-th of this name
};
static_assert(sizeof(Grant) == 32);

inline constexpr u32 max_grants = 16;
inline constexpr u64 startup_magic = 0x5054525453524956;  // "VIRSTRTP"

// What a server did last: the n-th event of all, counted from 0, is at n modulo their number.
struct BlackBox {
    enum class What : u32 {
        nothing = 0,
        message = 1,  // value: badge; detail: ordinal, and in bits 31:16 how it was answered
                      // (Errc), or `unanswered`
        gone = 2,     // value: badge whose last handle was closed
        reset = 3,    // of the device, by the server; value: the how-manyeth
        leaves = 4,   // was told to
    };
    static constexpr u32 unanswered = 0xffff;

    struct Event {
        u64 at;  // ticks
        u64 value;
        What what;
        u32 detail;
    };

    u64 count;  // of all events
    std::array<Event, 16> events;
};

// What a server says of itself while it works, and what it is told: the beginning of a page that it
// shares with who started it.
struct Progress {
    u64 turn;   // when it came back from its wait, in ticks
    u64 badge;  // whose message it works on; 0: nobody's
    // Of it: badges that it answers with `denied`, since they ended it too often; 0: none.
    std::array<u64, 4> shut_out;
    BlackBox box;
};

// What a server counts, in the same page: it writes, whoever may read the page reads, and no call
// is needed. Each value is exact; several are of one moment only while the server sleeps. The names
// are the server's; an empty one ends a list.
struct Statistics {
    static constexpr usize most_counters = 24;
    enum class Unit : u32 { none = 0, ticks = 1 };

    // Bucket 0 counts zeroes, bucket n values from 2^(n-1) up to 2^n - 1; the last one all above,
    // too.
    struct Histogram {
        Name name;
        Unit unit;
        u32 reserved;
        std::array<u64, 40> buckets;
    };

    u64 since;  // when the instance began, in ticks; 0: it counts nothing
    std::array<Name, most_counters> names;
    alignas(8) std::array<std::byte, most_counters * sizeof(u64)> values;  // u64 each
    std::array<Histogram, 4> histograms;
};

struct ServerPage {
    Progress progress;
    alignas(1024) Statistics statistics;
};
static_assert(sizeof(ServerPage) <= page_bytes);

struct Startup {
    u64 magic;
    Name name;  // of the server or app in the system's table
    u32 epoch;
    u32 grant_count;
    std::array<Grant, max_grants> grants;
    u64 progress;        // address of its ServerPage; 0: there is none
    u32 argument_bytes;  // arguments: strings, each ended by a zero byte
    u32 argument_count;
    std::array<char, 3048> arguments;
};
static_assert(sizeof(Startup) <= page_bytes);

inline constexpr u32 max_devices = 64;
inline constexpr u64 boot_info_magic = 0x4f464e4954424956;  // "VIBTINFO"

struct BootInfo {
    u64 magic;
    Slot self;     // init's process, all rights
    Slot archive;  // the boot archive as a memory object, readable
    u64 archive_bytes;
    u32 device_count;
    u32 reserved;
    std::array<Slot, max_devices>
        devices;  // virtio-mmio slots by rising address: index = QEMU's bus number
    Slot serial;  // the PL011; no_slot: it has no interrupt
};
static_assert(sizeof(BootInfo) <= page_bytes);

}  // namespace abi
