// syscall/entry.hpp - where vectors.S enters C++. Each takes the lock, does its work, and returns
// the thread to continue.
#pragma once

#include "sched/cpu.hpp"

extern "C" {
// With the lock taken, and still taken afterwards. The thread to continue, FAST_IDLE if the thread
// sleeps and nobody is ready, or null: not the common case, nothing was done.
kernel::Thread* fast_recv_entry(kernel::Thread* thread, kernel::Cpu* cpu);
kernel::Thread* fast_signal_recv_entry(kernel::Thread* thread, kernel::Cpu* cpu);
kernel::Thread* fast_signal_entry(kernel::Thread* thread, kernel::Cpu* cpu);
kernel::Thread* fast_wait_entry(kernel::Thread* thread, kernel::Cpu* cpu);
kernel::Thread* fast_signal_wait_entry(kernel::Thread* thread, kernel::Cpu* cpu);
kernel::Thread* idle_entry(kernel::Cpu* cpu);
kernel::Thread* syscall_entry(kernel::Thread* thread, kernel::Cpu* cpu);
// `taken`: the interrupt that was acknowledged already, or ~0.
kernel::Thread* interrupt_entry(kernel::Thread* thread, kernel::Cpu* cpu, u32 taken);
kernel::Thread* fault_entry(kernel::Thread* thread, kernel::Cpu* cpu);
kernel::Thread* serror_entry(kernel::Thread* thread, kernel::Cpu* cpu);
[[noreturn]] void kernel_fault(u64 vector, const kernel::Frame* frame);
}

namespace kernel {

// Acknowledges and handles one interrupt, if there is one.
void take_interrupt(Cpu& cpu);
// Its process ends here, by an order (fault/).
void end_by_order(Thread& thread);

}  // namespace kernel
