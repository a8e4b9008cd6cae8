// syscall/entry.hpp - where vectors.S enters C++. Each takes the lock, does its work, and returns
// the thread to continue.
#pragma once

#include "sched/cpu.hpp"

extern "C" {
// Who runs next, and whose frame holds its x0..x7. Null: not the common case, nothing was done.
struct FastSwitch {
    kernel::Thread* to;
    const kernel::Frame* message;
};
FastSwitch fast_call_entry(kernel::Thread* thread, kernel::Cpu* cpu);
FastSwitch fast_reply_recv_entry(kernel::Thread* thread, kernel::Cpu* cpu);
FastSwitch fast_recv_entry(kernel::Thread* thread, kernel::Cpu* cpu);
FastSwitch fast_signal_entry(kernel::Thread* thread, kernel::Cpu* cpu);
FastSwitch fast_wait_entry(kernel::Thread* thread, kernel::Cpu* cpu);
kernel::Thread* syscall_entry(kernel::Thread* thread, kernel::Cpu* cpu);
kernel::Thread* interrupt_entry(kernel::Thread* thread, kernel::Cpu* cpu);
kernel::Thread* fault_entry(kernel::Thread* thread, kernel::Cpu* cpu);
kernel::Thread* serror_entry(kernel::Thread* thread, kernel::Cpu* cpu);
[[noreturn]] void kernel_fault(u64 vector, const kernel::Frame* frame);
}

namespace kernel {

// Acknowledges and handles one interrupt, if there is one.
void take_interrupt(Cpu& cpu);

}  // namespace kernel
