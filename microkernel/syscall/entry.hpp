// syscall/entry.hpp - where vectors.S enters C++. Each takes the lock, does its work, and returns
// the thread to continue.
#pragma once

#include "sched/cpu.hpp"

extern "C" {
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
