// syscall/fast.hpp - what the fast paths have in common.
//
// A fast path looks at everything first and changes nothing unless all of it is the common case: no
// deadline, nobody ready who is as important as the thread that goes on. Then it does the whole
// call and gives the thread to continue. Otherwise it gives null, and the function that knows all
// cases does the call.
#pragma once

#include "arch/aarch64/tags.hpp"
#include "syscall/calls.hpp"
#include "syscall/entry.hpp"

namespace kernel::fast {

// The entry of a handle that is good for `call`, by its key, or because it has that kind and right;
// or null.
inline const HandleEntry*
find(const Thread& caller, abi::Slot slot, abi::Syscall call, abi::Kind kind, abi::Rights right)
{
    tags::watch();
    const u64 raw = slot.raw();
    const HandleEntry& likely = caller.chunks[raw >> 7 & 63][raw & 127];
    // All of the 64 bits count: above the handle only zeros are good.
    if (likely.key >> 8 == raw && (likely.key & 0xff) == static_cast<u64>(call)) [[likely]]
        return &likely;
    const HandleEntry* const entry = caller.process().handles().peek(slot);
    return entry != nullptr && entry->kind == kind && entry->rights.has(right) ? entry : nullptr;
}

// Somebody who can go on when the caller sleeps: a ready thread, or nobody (FAST_IDLE). Null if
// that takes more steps.
inline Thread* next(Cpu& cpu)
{
    return cpu.nobody_ready() ? reinterpret_cast<Thread*>(FAST_IDLE) : cpu.next_fast();
}
inline Thread* leave_to(Thread* next, Cpu& cpu)
{
    if (next == reinterpret_cast<Thread*>(FAST_IDLE))
        cpu.count_exception();
    else
        cpu.leave_to_fast(*next);
    return next;
}

inline Endpoint& endpoint_of(const HandleEntry& entry)
{
    return static_cast<Endpoint&>(*entry.object);
}

}  // namespace kernel::fast
