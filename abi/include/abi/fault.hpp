// abi/fault.hpp - the one call that only the kernel flavour `fault` answers: it has a process
// suffer a fault, at a point that is counted, not timed. The others say not_supported.
//
// svc #0 with x8 = fault_call (no handle); nothing else than x0 is asked for, so anybody may call.
//   arm     x0 FaultWord; x1, x2 name of the victim (16 bytes, as in ProcessQuota); x3 n: the n-th
//           event of the point from now on, from 1; x4 seed; x5 period: then again at each so many
//           further events until the victim ends, 0: once; x6 detail (FaultKind)
//           -> x1 epoch of the victim (0 with `next`). The order before is forgotten.
//           Errors: bad_argument (word, n), not_found (nobody alive has that name), denied (init,
//           the caller)
//   disarm  x0 FaultWord. What was changed in the victim stays changed
//   read    x0 FaultWord -> message page: FaultReport, of the last order, also of one disarmed
// There is one order at a time. Everything random is derived from the seed and from how often the
// order fired: the same order in the same state of the victim does the same. Events are counted
// over all threads of the victim, while the order is armed, also after it fired.
#pragma once

#include <abi/info.hpp>
#include <abi/syscall.hpp>

namespace abi {

inline constexpr auto fault_call = Syscall{255};

enum class FaultAction : u8 { arm = 1, disarm = 2, read = 3 };

// Where. The null call is no event. What a fault does to registers or text takes effect with the
// next instruction at EL0, except at `call` and at an access to a mapped register, where it also
// concerns what is just begun.
enum class FaultPoint : u8 {
    none = 0,
    call = 1,       // a thread of it made a call, which nobody looked at yet
    called = 2,     // it returns to EL0 from one
    step = 3,       // it executed an instruction at EL0, each svc and each access that the kernel
                    // carries out included; a load-exclusive up to its store counts as one
    mmio = 4,       // it is about to access a device register: mapped, or by SYS_DEVICE_IO
    mmio_done = 5,  // it has done so
    interrupt = 6,  // an interrupt of a device that is bound in it fires
    message = 7,    // a message of a caller reaches it
    reply = 8,      // it replies
};
inline constexpr u64 fault_points = 9;

// What. Where memory is changed, detail is the address of the byte or of the instruction, 0: chosen
// by the seed. Registers and addresses that do not exist at that point, or words to which a kind
// does not apply, make it a miss (FaultReport.missed): nothing is changed, and the next event is
// tried.
enum class FaultKind : u8 {
    count = 0,          // nothing: only events are counted (step: only with FaultPoint::step)
    kill = 1,           // it ends: ExitCause::killed, pc and registers of the thread at the point
    trap = 2,           // the instruction that it goes on with becomes UDF
    flip_register = 3,  // a bit of x0..x30, sp, pc or NZCV; detail 1..31: x0..x30, 32 sp, 33 pc,
                        // 34 NZCV
    flip_text = 4,      // a bit of an instruction
    flip_stack = 5,     // a bit between sp and the end of the stack
    flip_data = 6,      // a bit of its writable memory that is not shared, pinned, or a stack
    nop = 7,            // an instruction becomes NOP
    wrong_source = 8,   // ... reads another register
    wrong_destination = 9,  // ... writes another register
    inverted_branch = 10,   // a conditional branch goes the other way
    off_by_one = 11,        // an immediate is one more or one less
    skipped_store = 12,     // a store becomes NOP
    loop = 13,              // the instruction that it goes on with becomes a branch to itself
    block = 14,             // the thread waits for ever
    fail_call = 15,  // call: is not carried out, called: was; x0 is an error: detail, or one of
                     // no_memory, over_quota, bad_handle, denied, bad_argument
    drop_interrupt = 16,       // at `interrupt`: as if it had never come
    duplicate_interrupt = 17,  // ... comes again when it was acknowledged
    delay_interrupt = 18,      // ... comes later: detail ticks of CNTVCT, or up to 5 ms
    drop_message = 19,  // at `message`, `reply`: is lost. The caller waits as if the victim had
                        // it and did not answer: timed_out, or peer_restarted at its end
    duplicate_message = 20,  // at `message`, if it carries no handles: comes again; to the second
                             // one nobody waits for a reply
    corrupt_message = 21,    // at `message`, `reply`: a bit of payload or ordinal, or in a reply of
                             // the status
    flip_shared = 22,        // a bit of memory that somebody else has mapped too
    flip_dma = 23,           // a bit of a virtqueue of a device that it owns: a descriptor that is
                             // published, or the used ring
};
inline constexpr u64 fault_kinds = 24;

struct FaultFlags {
    static constexpr u64 next = 1;  // the victim is the next process that gets this name
    static constexpr u64 near = 2;  // text: within 64 instructions of pc, else anywhere
};

// x0 of the call; the other bits are zero.
struct FaultWord {
    using Action = Field<7, 0>;
    using Kind = Field<15, 8>;
    using Point = Field<23, 16>;
    using Flags = Field<31, 24>;
};

enum class FaultState : u32 {
    idle = 0,      // no order
    expected = 1,  // `next`: the victim is not there yet
    armed = 2,
    fired = 3,
    ended = 4,  // the victim ended, by the fault or otherwise: `fired_count` says
};

struct FaultReport {
    FaultState state;
    u32 fired_count;
    u32 missed;   // events at which the kind did not apply
    u32 epoch;    // of the victim
    u64 ticks;    // CNTVCT_EL0 at the first firing; what follows is of that one too
    u64 pc;       // of the thread, before
    u64 address;  // of the word that was changed; flip_register: as in its detail
    u64 before;   // the word
    u64 after;
    u32 thread;     // index
    u32 detail;     // fail_call: the error
    u64 end_ticks;  // CNTVCT_EL0 when the victim ended; 0: it lives
    // Descriptors that the victim published to a split virtqueue of its device, whose memory is not
    // in the device's DMA domain, and rings that are not; each address once. Looked for when a
    // queue is notified, and at each entry of the victim once the order fired.
    u64 wild;
    u64 first_wild;  // its device address
    u64 unwalked;    // notifications of packed queues: nobody looked
    std::array<u64, fault_points>
        events;  // since arming, by FaultPoint; `step` only if armed there
};
static_assert(sizeof(FaultReport) == 168);
static_assert(sizeof(FaultReport) <= message_bytes);

}  // namespace abi
