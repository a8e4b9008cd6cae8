// sys/machine.hpp - the one place where user space executes svc, and what else only the machine
// knows: the message page of the running thread and the counter. (The host tree has a machine.hpp
// of its own: a kernel that tests supply.)
#pragma once

#include <array>

#include <abi/message.hpp>

namespace sys {

// NOLINTBEGIN(cppcoreguidelines-init-variables): the outputs of an asm are initialised by it.

// What a call reads and writes (abi/syscall.hpp).
struct Registers {
    std::array<u64, 8> x;  // x0..x7
    u64 x8;                // number and handle
    u64 x9;                // deadline in, badge out
    u64 x10;               // bits out
};

// The value of a register that a call ignores: whatever is in it. Costs no instruction.
inline u64 ignored()
{
    u64 value;
    asm volatile("" : "=r"(value));  // volatile: each its own register, no copies of one
    return value;
}

// Everything that is not an operand here and not in the clobbers is preserved: x19..x30, SP, FP and
// SIMD registers.
[[gnu::always_inline]] inline void trap(Registers& r)
{
    register u64 x0 asm("x0") = r.x[0];
    register u64 x1 asm("x1") = r.x[1];
    register u64 x2 asm("x2") = r.x[2];
    register u64 x3 asm("x3") = r.x[3];
    register u64 x4 asm("x4") = r.x[4];
    register u64 x5 asm("x5") = r.x[5];
    register u64 x6 asm("x6") = r.x[6];
    register u64 x7 asm("x7") = r.x[7];
    register u64 x8 asm("x8") = r.x8;
    register u64 x9 asm("x9") = r.x9;
    register u64 x10 asm("x10");

    asm volatile("svc #0"
                 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7),
                   "+r"(x8), "+r"(x9), "=r"(x10)
                 :
                 : "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "cc", "memory");

    r.x = {x0, x1, x2, x3, x4, x5, x6, x7};
    r.x9 = x9;
    r.x10 = x10;
}

// The same for a call that reads no more than x0, x1 and x2 of a message.
[[gnu::always_inline]] inline void trap_short(Registers& r)
{
    register u64 x0 asm("x0") = r.x[0];
    register u64 x1 asm("x1") = r.x[1];
    register u64 x2 asm("x2") = r.x[2];
    register u64 x3 asm("x3");
    register u64 x4 asm("x4");
    register u64 x5 asm("x5");
    register u64 x6 asm("x6");
    register u64 x7 asm("x7");
    register u64 x8 asm("x8") = r.x8;
    register u64 x9 asm("x9") = r.x9;
    register u64 x10 asm("x10");

    asm volatile("svc #0"
                 : "+r"(x0), "+r"(x1), "+r"(x2), "=r"(x3), "=r"(x4), "=r"(x5), "=r"(x6), "=r"(x7),
                   "+r"(x8), "+r"(x9), "=r"(x10)
                 :
                 : "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "cc", "memory");

    r.x = {x0, x1, x2, x3, x4, x5, x6, x7};
    r.x9 = x9;
    r.x10 = x10;
}

// TPIDR_EL0 points at the thread's block (src/thread_block.hpp), whose first word is the address of
// its message page.
inline abi::MessagePage& message_page()
{
    abi::MessagePage* const* block;
    asm("mrs %0, tpidr_el0" : "=r"(block));
    return **block;
}

// Two words, one behind the other, now: somebody else looks at them.
inline void store_pair(u64* at, u64 first, u64 second)
{
    asm volatile("stp %1, %2, [%0]" : : "r"(at), "r"(first), "r"(second));
}

// The virtual counter (CNTVCT_EL0) and its ticks per second (CNTFRQ_EL0).
inline u64 counter()
{
    u64 ticks;
    asm volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
}

inline u64 counter_frequency()
{
    u64 hertz;
    asm("mrs %0, cntfrq_el0" : "=r"(hertz));
    return hertz;
}

// NOLINTEND(cppcoreguidelines-init-variables)

// Ends the process as a fault, so that init gets registers and a backtrace.
[[noreturn, gnu::always_inline]] inline void stop() { __builtin_trap(); }

}  // namespace sys
