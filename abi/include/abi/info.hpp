// abi/info.hpp - what the kernel reports through the message page: quotas, exit records, counters.
#pragma once

#include <array>

#include <abi/message.hpp>

namespace abi {

using Name = std::array<char, 16>;  // padded with zeroes; at most 15 characters of [a-z0-9_-]

// process_create: what the new process may own. It comes out of the payer's own quota and returns
// to it.
struct ProcessQuota {
    u32 frames;   // memory objects, tables, message pages, its own page tables
    u32 handles;  // slots in use or reserved; beyond slot_limit - 1 only its children can use them
    u32 threads;
    u32 max_priority;  // of its threads
    Name name;         // stands in front of every line it logs
    u32 epoch;         // shown with the name: which incarnation of a server this is
    u32 cpu;           // 1 + index of the CPU that its threads run on; 0: the kernel's choice
};
static_assert(sizeof(ProcessQuota) == 40);

enum class ProcessState : u64 { fresh = 0, running = 1, dead = 2 };

// Why a process ended.
enum class ExitCause : u32 {
    none = 0,       // it lives
    exited = 1,     // SYS_EXIT; `code` is its argument
    killed = 2,     // SYS_PROCESS_KILL
    fault = 3,      // a synchronous exception that is not a call: esr, far and registers say which
    bad_state = 4,  // serror or a state the kernel refuses to continue from
};

struct ExitRecord {
    ExitCause cause;
    u32 thread;  // index of the thread that ended it
    u64 code;
    u64 esr;  // ESR_EL1, FAR_EL1, ELR_EL1, SPSR_EL1 at a fault
    u64 far;
    u64 pc;
    u64 spsr;
    u64 sp;
    std::array<u64, 31> x;
    std::array<u64, 16>
        chain;  // return addresses by frame pointer, innermost first, zero at the end
};
static_assert(sizeof(ExitRecord) == 56 + 31 * 8 + 16 * 8);

struct ProcessInfo {
    ProcessState state;
    u32 frames_used;  // charged now
    u32 frames_limit;
    u32 handles_used;
    u32 handles_limit;
    u32 threads_used;
    u32 threads_limit;
    u64 cpu;  // 1 + index of the CPU that its threads run on
    ExitRecord exit;
};
static_assert(sizeof(ProcessInfo) <= message_bytes);

// Counters of the whole system, since boot; those of CPUs are summed.
struct SystemInfo {
    u64 frames_total;  // that the kernel manages
    u64 frames_free;
    u64 kernel_bytes;  // image, static data and frame table
    u64 exceptions;    // entries from EL0: calls, faults, interrupts
    u64 switches;      // changes of TTBR0_EL1
    u64 irqs;          // device interrupts taken
    u64 timer_writes;  // writes of CNTV_CVAL_EL0
    u32 cpus;          // that run user code
    u32 cpus_present;
    u32 processes;  // objects that exist
    u32 threads;
    u32 endpoints;
    u32 badges;
    u32 notifications;
    u32 memories;
    u32 mappings;
    u32 pins;
    u32 pinned_pages;
    u32 handles;            // slots in use, of all processes
    u64 boot_instructions;  // INST_RETIRED when init was entered; zero without a counter
};
static_assert(sizeof(SystemInfo) <= message_bytes);

// dma_runs: one physically contiguous part of a pin.
struct DmaRun {
    DeviceAddr address;
    Bytes length;
};
inline constexpr u64 runs_per_call = message_bytes / sizeof(DmaRun);

}  // namespace abi
