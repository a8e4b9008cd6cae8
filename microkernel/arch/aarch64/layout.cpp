// arch/aarch64/layout.cpp - the objects of the kernel are as fast.S reads them: the numbers of
// layout.inc are checked.

#include "object/endpoint.hpp"
#include "object/interrupt.hpp"
#include "sched/cpu.hpp"

// Fixed in the Itanium ABI, and asked of types without virtual bases only.
#pragma clang diagnostic ignored "-Winvalid-offsetof"

namespace kernel {

struct Layout {
    static void cpu()
    {
        static_assert(offsetof(Cpu, stack_top_) == CPU_STACK_TOP);
        static_assert(offsetof(Cpu, exceptions_) == CPU_EXCEPTIONS);
        static_assert(offsetof(Cpu, current_) == CPU_CURRENT);
        static_assert(offsetof(Cpu, ttbr_) == CPU_CURRENT + 8);
        static_assert(offsetof(Cpu, ready_) == CPU_READY);
        static_assert(offsetof(Cpu, fast_switches_) == CPU_FAST_SWITCHES);
        static_assert(offsetof(Cpu, fast_irqs_) == CPU_FAST_IRQS);
        static_assert(offsetof(Cpu, fast_interrupts_) == CPU_FAST_INTERRUPTS);
        static_assert(offsetof(Cpu, queues_) == CPU_QUEUES && sizeof(Cpu::queues_[0]) == 16);
    }

    static void thread()
    {
        static_assert(sizeof(Frame) + sizeof(Object) + sizeof(DeadlineLink)
                          + sizeof(ListNode<ProcessThreads>)
                      == THREAD_QUEUE);
        static_assert(THREAD_QUEUE + sizeof(ListNode<Queue>) == offsetof(Thread, home));
        static_assert(offsetof(Thread, home) == THREAD_HOME);
        static_assert(offsetof(Thread, own_priority) == THREAD_HOME + 8);
        static_assert(offsetof(Thread, when_running) == THREAD_HOME + 9);
        static_assert(offsetof(Thread, priority) == THREAD_PRIORITY);
        static_assert(THREAD_PRIORITY == THREAD_HOME + 8 + PRIORITY_SHIFT / 8);
        static_assert(offsetof(Thread, state) == THREAD_STATE);
        static_assert(offsetof(Thread, priority_receiving) == THREAD_RECEIVING);
        static_assert(offsetof(Thread, when_receiving) == THREAD_RECEIVING + 1);
        static_assert(offsetof(Thread, burden) == THREAD_HOME + 8 + BURDEN_SHIFT / 8);
        static_assert(offsetof(Thread, bound) == THREAD_BOUND);
        static_assert(offsetof(Thread, caller) == THREAD_BOUND + 8);
        static_assert(offsetof(Thread, caller) == THREAD_CALLER);
        static_assert(offsetof(Thread, endpoint) == THREAD_CALLER + 8);
        static_assert(offsetof(Thread, partner) == THREAD_PARTNER);
        static_assert(offsetof(Thread, waiting_on) == THREAD_WAITING_ON);
        static_assert(offsetof(Thread, waiting_irq) == THREAD_WAITING_IRQ);
        static_assert(offsetof(Thread, ttbr) == THREAD_TTBR);
        static_assert(offsetof(Thread, chunks) == THREAD_CHUNKS);
        static_assert(offsetof(Thread, hot) == THREAD_HOT);
        static_assert(offsetof(Thread, message_) == THREAD_MESSAGE);
        static_assert(Thread::State::ready == Thread::State{0});
        static_assert(Thread::State::receiving == Thread::State{STATE_RECEIVING});
        static_assert(Thread::State::waiting == Thread::State{STATE_WAITING});
    }

    static void ipc()
    {
        static_assert(offsetof(HandleEntry, data) == ENTRY_DATA);
        static_assert(offsetof(HandleEntry, key) == ENTRY_DATA + 8);
        static_assert(offsetof(HandleEntry, object) == ENTRY_OBJECT && sizeof(HandleEntry) == 32);
        static_assert(offsetof(Badge, endpoint_) == BADGE_ENDPOINT);
        static_assert(offsetof(Badge, value_) == BADGE_ENDPOINT + 8);
        static_assert(offsetof(Badge, seen_) == BADGE_SEEN);
        static_assert(offsetof(Endpoint, required_) == ENDPOINT_REQUIRED);
        static_assert(offsetof(Endpoint, receiver_) == ENDPOINT_RECEIVER);
        static_assert(ENDPOINT_RECEIVER == ENDPOINT_REQUIRED + 8);
        static_assert(offsetof(Endpoint, waiting_) == ENDPOINT_RECEIVER + 8);
        static_assert(static_cast<u8>(abi::Syscall::recv) == RECV);
        static_assert(abi::Header::Take::mask == ~u64{0} << TAKE_SHIFT);
        static_assert(abi::register_bytes == REGISTER_BYTES);
        static_assert(abi::message_bytes == MESSAGE_BYTES);
        static_assert(offsetof(abi::MessagePage, payload) == 0);
        static_assert(HOT_CALLS
                      == (1 << static_cast<int>(abi::Syscall::call)
                          | 1 << static_cast<int>(abi::Syscall::reply_recv)
                          | 1 << static_cast<int>(abi::Syscall::recv)
                          | 1 << static_cast<int>(abi::Syscall::signal)
                          | 1 << static_cast<int>(abi::Syscall::wait)));
    }

    static void notifications()
    {
        static_assert(offsetof(Notification, pending_) == NOTIFICATION_PENDING);
        static_assert(offsetof(Notification, delivered_) == NOTIFICATION_DELIVERED);
        static_assert(NOTIFICATION_DELIVERED == NOTIFICATION_PENDING + 8);
        static_assert(offsetof(Notification, lines_) == NOTIFICATION_DELIVERED + 8);
        static_assert(offsetof(Notification, waited_) == NOTIFICATION_WAITED);
        static_assert(offsetof(Notification, waiter_) == NOTIFICATION_WAITER);
        static_assert(NOTIFICATION_WAITER == NOTIFICATION_WAITED + 8);
        static_assert(offsetof(Notification, bound_) == NOTIFICATION_WAITER + 8);
        static_assert(offsetof(Notification, first_line_) == NOTIFICATION_LINE);
        static_assert(offsetof(Interrupt, next_line) == INTERRUPT_NEXT);
        static_assert(offsetof(Interrupt, line_) == INTERRUPT_ID);
        static_assert(offsetof(Interrupt, cpu_) == INTERRUPT_CPU);
        static_assert(offsetof(Interrupt, state_) == INTERRUPT_STATE);
        static_assert(offsetof(Interrupt, bit_) == INTERRUPT_BIT);
        static_assert(offsetof(Interrupt, target_) == INTERRUPT_BIT + 8);
        static_assert(offsetof(Interrupt, fires_) == INTERRUPT_FIRES);
        static_assert(Interrupt::State::armed == Interrupt::State{INTERRUPT_ARMED});
        static_assert(Interrupt::State::active == Interrupt::State{INTERRUPT_ACTIVE});
        static_assert(interrupt_ids == INTERRUPT_IDS);
    }
};

}  // namespace kernel
