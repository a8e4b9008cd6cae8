// sys/thread.hpp - further threads of this process. The first one needs nothing of this.
#pragma once

#include <span>

#include <sys/handle.hpp>

namespace sys {

// Runs function(argument) on `stack`, of which the thread's block takes the top; the thread ends
// when it returns. The stack must outlive the thread. `self`: this process, with the right to
// manage. `cpu`: as ProcessQuota's; 0 for that of the process. Errors: bad_argument (stack under
// 1 KiB), out_of_range (CPU), over_quota.
Result<Handle<Thread>> spawn(Borrowed<Process> self,
                             std::span<std::byte> stack,
                             void (*function)(void*),
                             void* argument,
                             u64 priority,
                             u32 cpu = 0);

// It goes on there, whatever it is doing; CPUs count from 1. A deadline that it waits for stays on
// the CPU where it began to wait. Errors: out_of_range, peer_gone (it has ended).
inline Result<> move(Borrowed<Thread> thread, u32 cpu)
{
    return perform(abi::Syscall::thread_move, thread.slot, cpu);
}

// Ends the running thread; the process ends with its last one.
[[noreturn]] inline void exit_thread()
{
    (void)perform(abi::Syscall::thread_exit, abi::no_slot);
    stop();
}

}  // namespace sys
