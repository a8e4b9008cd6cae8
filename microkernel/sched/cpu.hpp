// sched/cpu.hpp - what each CPU has for itself: stack, run queues, deadlines, the owner of the FP
// registers.
//
// Fixed priorities, highest first, round robin within one. A thread that was just woken stands in
// the hand-off place: if it is the one to run next it never enters a queue. That makes a call, a
// reply and a signal to somebody more important a direct switch.
#pragma once

#include "arch/aarch64/gic.hpp"
#include "object/process.hpp"
#include "object/thread.hpp"
#include "sched/lock.hpp"
#include "trace/trace.hpp"

#include <atomic>
#include <bit>

namespace kernel {

class Cpu {
public:
    constexpr Cpu() = default;

    void start(u32 index, u64 stack_top);
    void start_interrupts(IntId timer);
    u32 index() const { return index_; }
    bool online() const { return online_; }

    Thread* current() const { return current_; }
    // A thread of this CPU becomes ready: woken by this CPU, or by another one.
    void hand_off(Thread& thread);
    void push(Thread& thread);
    // The current thread blocks: somebody else must run.
    void block() { current_ = nullptr; }
    // A ready thread becomes more important.
    void raise(Thread& thread, u8 priority);
    // A thread that dies: out of the run queue, the hand-off place, the FP registers.
    void forget(Thread& thread);
    // One that moves: the same with all its registers saved, wherever it is. If it runs on another
    // CPU, that one is stopped first.
    void let_go(Thread& thread);
    // TTBR0 stops pointing at an address space that is about to go, and nothing of it runs here any
    // more. Of another CPU than the running one: waits until it attends.
    void leave_space(u64 ttbr);
    // Other threads may run and interrupts come, while pages are zeroed: called by the thread that
    // works, which may be gone afterwards.
    void breathe();
    static constexpr u32 zero_limit = 8;
    // This page is zeroed when the lock is released next. Nobody else knows of it yet.
    void zero_later(PhysAddr page) { to_zero_[to_zero_count_++] = page; }
    void zero_none() { to_zero_count_ = 0; }
    void zero_now();

    // Does what another CPU, which holds the lock, asked for. Called where all registers of the
    // thread are saved: while waiting for the lock, and out of idling.
    void attend();

    // Somebody ready is more important than a thread of this priority.
    bool preempts(u8 priority) const { return ready_ >> priority > 1; }

    // The thread to return to, in its address space and with its FP access. Sleeps while there is
    // none.
    Thread* next()
    {
        Thread* const woken = handed_off_;
        if (woken == nullptr) {
            if (current_ != nullptr && ready_ >> current_->priority == 0)
                return current_;
        } else if ((current_ == nullptr || woken->priority > current_->priority)
                   && !preempts(woken->priority)) {
            handed_off_ = nullptr;
            if (current_ != nullptr)
                enqueue_first(*current_);
            return enter(*woken);
        }
        return choose();
    }

    // The same for the fast paths: nobody ready has its priority or a higher one. Counted as a
    // change of address space, which it nearly always is.
    bool can_enter_fast(const Thread& thread, u8 priority) const
    {
        return ready_ >> priority == 0 && thread.home == this;
    }
    void enter_fast(Thread& thread)
    {
        current_ = &thread;
        ttbr_ = thread.ttbr;
        sysreg::set_ttbr0(ttbr_);
        open_fp(false);  // whoever they are of opens them again by using them
        ++fast_switches_;
    }

    void enqueue(Thread& thread)
    {
        queues_[thread.priority].push_back(thread);
        ready_ |= u64{1} << thread.priority;
    }
    // The current thread makes place for one that is more important, and runs before its equals
    // later.
    void preempt_fast(Thread& by)
    {
        enqueue_first(*current_);
        enter_fast(by);
    }
    // Nobody ready is as important.
    bool lets_on(u8 priority) const { return ready_ >> priority == 0; }
    bool nobody_ready() const { return ready_ == 0; }
    // The most important ready thread, if the fast paths can switch to it.
    Thread* next_fast()
    {
        // One of several would have to get a slice.
        Thread* const thread = queues_[63 - static_cast<u64>(std::countl_zero(ready_))].only();
        return thread != nullptr && thread->full <= 1 ? thread : nullptr;
    }
    void leave_to_fast(Thread& next)
    {
        dequeue(next);
        enter_fast(next);
    }

    // Makes it the current thread, which nobody ready may preempt.
    Thread* enter(Thread& thread)
    {
        current_ = &thread;
        trace::note(trace::Kind::run, thread.x[0]);
        if (const u64 ttbr = thread.ttbr; ttbr != ttbr_) {
            ttbr_ = ttbr;
            // No isb: the kernel looks at no user address, and ERET synchronises.
            sysreg::set_ttbr0(ttbr);
            ++switches_;
        }
        if (fp_owner_ != nullptr) [[unlikely]]
            open_fp(fp_owner_ == &thread);
        if ((ready_ >> thread.priority & 1) != 0) [[unlikely]]
            share_fairly();
        return &thread;
    }

    // A blocked thread has a deadline; now, or when it is due, it is abandoned with timed_out.
    void set_deadline(Thread& thread, abi::Ticks when);
    void clear_deadline(Thread& thread)
    {
        deadlines_.remove(thread);
        thread.burden.timed = 0;
        if (deferred_.thread == &thread)
            deferred_ = {};
    }
    void timer_interrupt();
    // An interrupt at that time, or before.
    void program_timer(abi::Ticks when);

    void use_fp(Thread& thread);

    u64 switches() const { return switches_ + fast_switches_ + fast_irqs_; }
    u64 irqs() const { return irqs_ + fast_irqs_; }
    void count_irq() { ++irqs_; }
    u64 timer_writes() const { return timer_writes_; }
    u64 exceptions() const { return exceptions_ + fast_switches_ + fast_irqs_; }
    void count_exception() { ++exceptions_; }

private:
    static constexpr u64 slice_ms = 5;
    static constexpr u64 fp_allowed = 3 << 20;  // CPACR_EL1.FPEN; else FP instructions trap
    enum class Wish : u8 { none, save_fp, leave_space };  // the latter includes the former

    friend struct Layout;
    void enqueue_first(Thread& thread)
    {
        queues_[thread.priority].push_front(thread);
        ready_ |= u64{1} << thread.priority;
    }
    void dequeue(Thread& thread)
    {
        List<Thread, Queue>::remove(thread);
        if (queues_[thread.priority].empty())
            ready_ &= ~(u64{1} << thread.priority);
    }
    Thread* take_highest();
    Thread* choose();
    Thread* choose_ready();
    static void open_fp(bool open) { sysreg::set_cpacr(open ? fp_allowed : 0); }
    void save_fp_owner();
    void ask(Wish wish);
    void leave_any_space();
    void idle();
    void share_fairly();
    abi::Ticks defer(Thread& thread, abi::Ticks deadline);
    bool rests(const DeadlineLink& due) const;
    void end_rest();

    // The one thread whose deadline rests while the CPU does.
    struct Deferred {
        Thread* thread = nullptr;
        u64 span = 0;    // ticks, of its wait
        u64 before = 0;  // exceptions() when it began
        bool rests = false;
    };

    // At fixed offsets, for vectors.S and fast.S, up to the queues.
    u64 stack_top_ = 0;
    u64 exceptions_ = 0;
    Thread* current_ = nullptr;
    u64 ttbr_ = 0;
    u64 ready_ = 0;            // bit p: queues_[p] is not empty
    u64 fast_switches_ = 0;    // each one an exception and a change of address space
    u64 fast_irqs_ = 0;        // and an interrupt of a device
    u64 fast_interrupts_ = 0;  // index + 1 if fast.S knows the interrupt controller, a GICv3
    std::array<List<Thread, Queue>, abi::priorities> queues_;

    Thread* handed_off_ = nullptr;
    Thread* fp_owner_ = nullptr;
    bool online_ = false;
    std::atomic<Wish> asked_{Wish::none};  // by whoever holds the lock
    u64 switches_ = 0;
    u64 irqs_ = 0;
    abi::Ticks programmed_ = abi::never;  // what the comparator holds
    abi::Ticks slice_end_ = abi::never;
    DeadlineQueue deadlines_;
    Deferred deferred_;
    u64 timer_writes_ = 0;
    u32 index_ = 0;
    u32 to_zero_count_ = 0;
    std::array<PhysAddr, zero_limit> to_zero_{};
};

inline constexpr u32 max_cpus = 8;
extern constinit std::array<Cpu, max_cpus> cpus;

// CPUs that run; the first so many of `cpus` if all started.
extern constinit u32 cpus_online;

// It may run: on its own CPU, which is interrupted if that is another one.
void make_ready(Thread& thread);
// It goes on there, whatever it is doing. Its deadline stays where it was set: that costs nobody an
// interrupt, and whoever is due is made ready at home.
void move(Thread& thread, Cpu& to);
// All CPUs leave an address space.
void leave_space(u64 ttbr);
// Where a thread is that has none.
u64 no_space();

inline Cpu& this_cpu() { return *reinterpret_cast<Cpu*>(sysreg::tpidr_el1()); }

}  // namespace kernel
