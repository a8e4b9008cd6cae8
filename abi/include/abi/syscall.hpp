// abi/syscall.hpp - every call of the kernel: its number and its registers. docs/abi.md has the
// purpose, the rights, every error and its cause.
//
// svc #0 with
//   x8        number in bits 0..7, the handle that the call is about in bits 8..52, zero above
//   x0..x7    arguments; in an IPC call the header word (abi/message.hpp) and 56 message bytes
//   x9        absolute deadline of a call that can block (abi::Ticks)
// and afterwards
//   x0        low 32 bits: Errc, zero for success; in an IPC call the rest is the header word
//   x1..x7    values
//   x9        badge of the sender (recv), x10 bits of the notification (recv, wait)
//   x8, x9..x18 are destroyed; x19..x30, SP, and the FP/SIMD registers are preserved.
// A register that a call does not name is ignored on entry and destroyed on return (x1..x7).
// "-> x1 slot" and the like name the values of success.
#pragma once

#include <abi/object.hpp>

namespace abi {

enum class Syscall : u8 {
    // does nothing
    null = 0,

    // IPC: header in x0, payload in x1..x7 or in the message page
    // endpoint(call) x9 deadline -> x0 header, x1..x7
    call = 1,
    // endpoint(receive) x0.. reply, x9 deadline -> as recv
    reply_recv = 2,
    // endpoint(receive) x0 header: handles taken, x9 deadline -> x0 header, x1..x7, x9 badge,
    // x10 bits
    recv = 3,
    // endpoint(receive) x0 header: handles taken, x1 notification slot(signal), x2 bits, x9
    // deadline
    // -> as recv
    signal_recv = 4,
    // notification(signal) x0 bits
    signal = 5,
    // notification(wait) x9 deadline -> x10 bits
    wait = 6,
    // notification(wait) x0 notification slot(signal), x1 bits, x9 deadline -> x10 bits
    signal_wait = 7,
    // (no handle) x0.. reply
    reply = 8,

    // handles
    // any
    close = 9,
    // any(duplicate) x0 rights, x1 bits (notification: mask) -> x1 slot
    duplicate = 10,
    // any -> x1 kind, x2 rights, x3 mask or badge
    handle_info = 11,

    // memory
    // (no handle) x0 bytes, x1 MemoryFlags -> x1 slot
    memory_create = 12,
    // memory x0 process slot (0: own), x1 offset, x2 bytes, x3 rights, x4 address (0: kernel's
    // choice) -> x1 address
    memory_map = 13,
    // (no handle) x0 address, x1 bytes: exactly one mapping of the caller
    memory_unmap = 14,
    // memory -> x1 bytes, x2 MemoryFlags
    memory_info = 15,

    // endpoints and notifications
    // (no handle) -> x1 slot (all rights but call)
    endpoint_create = 16,
    // endpoint(manage) x0 badge, not 0, x1 process slot(manage): who pays, 0: the caller -> x1 slot
    // (call, duplicate, transfer)
    endpoint_mint = 17,
    // endpoint(call or manage) x0 notification slot(signal), x1 bits
    endpoint_watch = 18,
    // endpoint(manage) x0 1: give up, 0: undo
    endpoint_give_up = 19,
    // endpoint -> x1 epoch, x2 1 if served, x3 1 if given up, x4 queued callers
    endpoint_info = 20,
    // (no handle) -> x1 slot (all its rights, mask of all bits)
    notification_create = 21,
    // notification(wait) binds it to the calling thread
    notification_bind = 22,

    // processes and threads
    // process(manage): payer; message page: ProcessQuota -> x1 slot
    process_create = 23,
    // process(manage) x0 any slot of the caller's, x1 rights -> x1 slot in that process; the
    // caller keeps its own
    process_grant = 24,
    // process(manage)
    process_kill = 25,
    // process(read) x0 notification slot(signal), x1 bits
    process_watch = 26,
    // process(read) -> x1 ProcessState; message page: ProcessInfo
    process_info = 27,
    // process(manage) x0 entry, x1 stack top, x2 argument, x3 priority, x4 CPU (0: the process's,
    // n: CPU n - 1) -> x1 slot
    thread_create = 28,
    // (no handle); the process ends with its last thread
    thread_exit = 29,
    // thread(manage) x0 CPU, from 1 on: it goes on there, whatever it is doing
    thread_move = 30,
    // (no handle) x0 code: ends the process
    exit = 31,

    // devices
    // device -> x1 windows, x2 interrupts, x3 DeviceFlags, x4 index, x5 bytes of window 0, x6
    // pinned pages, x7 quarantined pages
    device_info = 32,
    // device(manage) x0 process slot(manage), x1 rights -> x1 slot in that process, which
    // becomes the owner
    device_lend = 33,
    // device(map) x0 index -> x1 slot of the interrupt
    device_interrupt = 34,
    // device(map) x0 window -> x1 address of the window's first byte, x2 bytes
    map_device = 35,
    // device(map) x0 window, x1 offset, x2 width 1/2/4, x3 value, x4 1: write -> x1 value
    device_io = 36,
    // interrupt(wait) x0 notification slot(wait), 0: unbind; x1 bit number
    irq_register = 37,
    // interrupt(wait) x9 deadline -> x1 fires since it was bound
    irq_wait = 38,
    // device(dma) x0 bytes -> x1 memory slot, x2 device address, x3 pin slot
    dma_alloc = 39,
    // device(dma) x0 address -> x1 device address, x2 bytes contiguous from there
    virt_to_phys = 40,
    // device(dma) x0 memory slot, x1 offset, x2 bytes, x3 rights (read: device reads it, write:
    // device writes it) -> x1 pin slot, x2 runs
    dma_pin = 41,
    // pin x0 first run -> x1 runs written; message page: DmaRun[]
    dma_runs = 42,
    // device(manage): the device was seen in reset -> x1 pages released
    device_quiesced = 43,

    // system
    // (no handle) x0 address, x1 bytes, x2 LogStream
    log = 44,
    // (no handle) -> message page: SystemInfo
    system_info = 45,
    // process(system) x0 status 0..255: prints the verdict, powers off
    system_off = 46,
};

inline constexpr u64 syscall_count = 47;
using CallNumber = Field<7, 0>;
using CallSlot = Field<52, 8>;

// The five calls by the names that documents use.
inline constexpr auto SYS_MAP_DEVICE = Syscall::map_device;
inline constexpr auto SYS_IRQ_REGISTER = Syscall::irq_register;
inline constexpr auto SYS_IRQ_WAIT = Syscall::irq_wait;
inline constexpr auto SYS_DMA_ALLOC = Syscall::dma_alloc;
inline constexpr auto SYS_VIRT_TO_PHYS = Syscall::virt_to_phys;

// memory_create
struct MemoryFlags {
    static constexpr u64 contiguous = 1;  // one run of physical pages
};

// device_info
struct DeviceFlags {
    static constexpr u64 coherent = 1;  // `dma-coherent`: no cache maintenance
    static constexpr u64 edge = 2;      // interrupt 0 is edge-triggered
    static constexpr u64 lent = 4;      // some process owns it
    static constexpr u64 serial = 8;    // the kernel prints there: some registers, by device_io
};

// What is on the serial line beside the kernel's lines: bytes of the program that owns it. Both
// marks are the kernel's alone, and terminals ignore them (ASCII US and RS).
inline constexpr char serial_bytes = 0x1f;  // from here on it is that program's
inline constexpr char serial_line = 0x1e;   // and from here on the kernel's again

// log: where a line belongs. `out` is what a program prints for its user.
enum class LogStream : u64 { log = 0, out = 1 };
inline constexpr u64 log_line_bytes = 240;  // longer lines are refused: too_big

inline constexpr u64 priorities = 64;  // 0 (lowest) .. 63

}  // namespace abi
