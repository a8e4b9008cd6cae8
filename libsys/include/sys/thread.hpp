// sys/thread.hpp - further threads of this process. The first one needs nothing of this.
#pragma once

#include <span>

#include <sys/handle.hpp>

namespace sys {

// Runs function(argument) on `stack`, of which the thread's block takes the top; the thread ends
// when it returns. The stack must outlive the thread. `self`: this process, with the right to
// manage. Errors: bad_argument (stack under 1 KiB), over_quota.
Result<Handle<Thread>> spawn(Borrowed<Process> self,
                             std::span<std::byte> stack,
                             void (*function)(void*),
                             void* argument,
                             u64 priority);

// Ends the running thread; the process ends with its last one.
[[noreturn]] inline void exit_thread()
{
    (void)perform(abi::Syscall::thread_exit, abi::no_slot);
    stop();
}

}  // namespace sys
