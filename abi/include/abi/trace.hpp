// abi/trace.hpp - what the traced kernel leaves in memory, and `tools/vireo trace` reads out of it.
//
// The symbol vireo_trace is a TraceHeader. Each CPU has a ring of records, which overwrites its
// oldest ones; names have a ring of their own, so that they outlive what they name things in.
#pragma once

#include <array>

#include <base/types.hpp>

namespace abi {

enum class TraceKind : u8 {
    process_made = 1,  // who: the process; words: its name
    thread_made,       // who: the thread; the id of its process, its number there
    thread_ended,      // the id of the thread
    enter,             // a call begins: its number, x0
    leave,             // and returns at once: its number, x0. One that blocks returns with `run`
    run,               // who: the thread that runs from here on; its x0
    idle,              // nobody runs
    wake,              // the id of the thread that is ready
    interrupt,         // its number
    request,           // a message is delivered: the ids of its sender and of who receives it
    reply,             // the same
    signal,            // the id of the notification, bits
    fault,             // ESR, FAR
    kill,              // the id of the process, ExitCause
    text,              // the first 16 characters of a line in the log
    more_text,         // the next 16
};

// An id is the address of an object in RAM, divided by 16; 0: nobody.
struct TraceRecord {
    u64 ticks;  // CNTVCT
    u32 who;    // the thread that ran on this CPU, where its kind does not say otherwise
    TraceKind kind;
    u8 cpu;
    u16 reserved;
    std::array<u64, 2> words;
};
static_assert(sizeof(TraceRecord) == 32);

struct TraceRing {
    u64 address;   // in RAM, of its first record
    u64 capacity;  // records that it has room for; 0: nothing was ever written
    u64 written;   // records since the start
};

inline constexpr u32 trace_name_ring = 8;  // behind those of the CPUs
struct TraceHeader {
    u64 magic;
    u64 frequency;  // of CNTVCT, in Hz
    std::array<TraceRing, trace_name_ring + 1> rings;
};
static_assert(sizeof(TraceHeader) == 232);
inline constexpr u64 trace_magic = 0x3165636172742e76;  // "v.trace1"

}  // namespace abi
