// sched/cpu.cpp - who runs next, until when, and what the CPU does when nobody can.

#include "sched/cpu.hpp"

#include "fault/hooks.hpp"
#include "object/process.hpp"
#include "syscall/entry.hpp"

#include <algorithm>
#include <bit>

#include <abi/deadline.hpp>

namespace kernel {

constinit Gic gic;
constinit Lock kernel_lock;
constinit u32 cpus_online = 0;
constinit std::array<Cpu, max_cpus> cpus;

namespace {

constexpr u64 timer_on = 1;
alignas(page_bytes) constinit std::array<u64, 512> empty_tables{};  // of no process

}  // namespace

void Cpu::start(u32 index, u64 stack_top)
{
    index_ = index;
    stack_top_ = stack_top;
    sysreg::set_tpidr_el1(reinterpret_cast<u64>(this));
    open_fp(false);
    leave_any_space();
    online_ = true;
    ++cpus_online;
    sysreg::set_cntv_cval(abi::never.raw());
    sysreg::set_cntv_ctl(timer_on);
}

void Cpu::start_interrupts(IntId timer)
{
    gic.start_cpu(index_, timer);
    fast_interrupts_ = gic.version_3() ? u64{index_} + 1 : 0;
}

void make_ready(Thread& thread)
{
    trace::note(trace::Kind::wake, trace::id(&thread));
    Cpu& here = this_cpu();
    if (thread.home == &here)
        here.hand_off(thread);
    else
        thread.home->push(thread);
}

void Cpu::push(Thread& thread)
{
    enqueue(thread);
    if (current_ == nullptr || thread.priority >= current_->priority)
        gic.send_ipi(index_);
}

void Cpu::hand_off(Thread& thread)
{
    Thread* other = &thread;
    if (handed_off_ == nullptr || handed_off_->priority < thread.priority)
        other = std::exchange(handed_off_, &thread);
    if (other != nullptr)
        enqueue(*other);
}

void Cpu::raise(Thread& thread, u8 priority)
{
    const bool queued = static_cast<ListNode<Queue>&>(thread).linked();
    if (queued)
        dequeue(thread);
    thread.priority = priority;
    if (queued)
        make_ready(thread);
}

void Cpu::forget(Thread& thread)
{
    if (current_ == &thread) {
        if (this != &this_cpu())
            ask(Wish::leave_space);
        current_ = nullptr;
    } else if (handed_off_ == &thread) {
        handed_off_ = nullptr;
    } else if (static_cast<ListNode<Queue>&>(thread).linked()) {
        dequeue(thread);
    }
    if (fp_owner_ == &thread) {
        fp_owner_ = nullptr;
        if (this == &this_cpu())
            open_fp(false);  // another CPU closed them when it attended
    }
}

void leave_space(u64 ttbr)
{
    for (Cpu& cpu : cpus)
        if (cpu.online())
            cpu.leave_space(ttbr);
}

void Cpu::leave_space(u64 ttbr)
{
    if (ttbr_ != ttbr)
        return;
    if (this == &this_cpu())
        leave_any_space();
    else
        ask(Wish::leave_space);
}

void move(Thread& thread, Cpu& to)
{
    if (thread.home == &to)
        return;
    thread.home->let_go(thread);
    thread.home = &to;
    if (thread.state == Thread::State::ready)
        make_ready(thread);
}

void Cpu::let_go(Thread& thread)
{
    const bool here = this == &this_cpu();
    if (here && fp_owner_ == &thread)
        save_fp_owner();
    if (!here && (current_ == &thread || fp_owner_ == &thread))
        ask(Wish::save_fp);
    if (!here && current_ == &thread)
        thread.repeat_call();
    if (thread.state == Thread::State::ready)
        forget(thread);  // else it stands in no queue of a CPU, but perhaps in that of an endpoint
}

// Returns when that CPU has stopped where it attends; it goes on when the lock is released.
void Cpu::ask(Wish wish)
{
    asked_.store(wish, std::memory_order_release);
    gic.send_ipi(index_);
    while (asked_.load(std::memory_order_acquire) != Wish::none)
        sysreg::yield();
}

u64 no_space() { return physical(empty_tables.data()).raw(); }

void Cpu::leave_any_space()
{
    ttbr_ = no_space();
    sysreg::set_ttbr0(ttbr_);
    sysreg::isb();  // before the old tables are freed
}

void Cpu::attend()
{
    const Wish wish = asked_.load(std::memory_order_acquire);
    if (wish == Wish::none)
        return;
    if (wish == Wish::leave_space)
        leave_any_space();
    save_fp_owner();
    asked_.store(Wish::none, std::memory_order_release);
}

void Lock::wait()
{
    Cpu& cpu = this_cpu();
    ++waiting_;
    while (!try_acquire()) {
        cpu.attend();
        sysreg::yield();
    }
    --waiting_;
}

void Lock::acquire_fairly()
{
    for (u32 tries = 0; tries < 100 && waiting_.load(std::memory_order_relaxed) != 0; ++tries)
        sysreg::yield();
    acquire();
}

Thread* Cpu::take_highest()
{
    if (ready_ == 0)
        return nullptr;
    Thread* const first = queues_[63 - static_cast<u64>(std::countl_zero(ready_))].front();
    dequeue(*first);
    return first;
}

// The current thread keeps the CPU unless somebody is more important; the one that was just woken
// goes before others of its priority.
Thread* Cpu::choose_ready()
{
    Thread* best = current_;
    if (Thread* const woken = std::exchange(handed_off_, nullptr); woken != nullptr) {
        if (best == nullptr) {
            best = woken;
        } else if (woken->priority > best->priority) {
            enqueue_first(*best);
            best = woken;
        } else {
            enqueue(*woken);
        }
    }
    if (best == nullptr)
        return take_highest();
    if (preempts(best->priority)) {
        enqueue_first(*best);
        best = take_highest();
    }
    return best;
}

void Cpu::idle()
{
    trace::note(trace::Kind::idle);
    kernel_lock.release();
    sysreg::dsb_sy();  // what was written is out before the CPU sleeps
    irqs_masked.end();
    sysreg::wfi();  // ends with a pending interrupt, masked or not
    irqs_masked.begin();
    Stretch::note(Stretch::interrupt);
    attend();
    kernel_lock.acquire();
    take_interrupt(*this);
    if (deferred_.rests) [[unlikely]]
        end_rest();
}

void Cpu::zero_now()
{
    for (u32 i = 0; i < to_zero_count_; ++i)
        zero_frames(to_zero_[i], 1);
    to_zero_count_ = 0;
}

void Cpu::breathe()
{
    kernel_lock.release();
    zero_now();
    irqs_masked.end();
    kernel_lock.acquire_fairly();
    irqs_masked.begin();
    if (sysreg::isr() != 0)
        take_interrupt(*this);
}

// The FP registers are nobody's then.
void Cpu::save_fp_owner()
{
    if (fp_owner_ == nullptr)
        return;
    open_fp(true);
    sysreg::isb();  // before the first access
    save_fp(&std::exchange(fp_owner_, nullptr)->fp);
    open_fp(false);
}

// Others of the current thread's priority are ready: it gets a slice.
void Cpu::share_fairly()
{
    if (slice_end_ != abi::never)
        return;
    slice_end_ = abi::Ticks{sysreg::cntvct() + sysreg::cntfrq() * slice_ms / 1000};
    program_timer(slice_end_);
}

Thread* Cpu::choose()
{
    Thread* thread = choose_ready();
    while (thread == nullptr) {
        idle();
        thread = choose_ready();
    }
    return enter(*thread);
}

void Cpu::program_timer(abi::Ticks when)
{
    if (when >= programmed_)
        return;
    programmed_ = when;
    sysreg::set_cntv_cval(when.raw());
    ++timer_writes_;
}

void Cpu::set_deadline(Thread& thread, abi::Ticks when)
{
    if (when == abi::never)
        return;
    thread.when = abi::deferrable(when) ? defer(thread, when) : when;
    deadlines_.insert(thread);
    thread.burden.timed = static_cast<u8>(index_ + 1);
    program_timer(thread.when);
}

// A second thread's is one like any other.
abi::Ticks Cpu::defer(Thread& thread, abi::Ticks deadline)
{
    const abi::Ticks when = abi::time_of(deadline);
    const abi::Ticks now{sysreg::cntvct()};
    if (deferred_.thread == nullptr)
        deferred_ = {.thread = &thread,
                     .span = when > now ? when.raw() - now.raw() : 0,
                     .before = exceptions()};
    return when;
}

// Nobody ran since its wait began, and nobody is about to.
bool Cpu::rests(const DeadlineLink& due) const
{
    return static_cast<const Thread*>(&due) == deferred_.thread && current_ == nullptr
           && handed_off_ == nullptr && nobody_ready() && exceptions() == deferred_.before;
}

// What ran before it was due again will have counted.
void Cpu::end_rest()
{
    if (handed_off_ == nullptr && nobody_ready())
        return;
    Thread& thread = *deferred_.thread;
    thread.when = abi::Ticks{sysreg::cntvct() + deferred_.span};
    deadlines_.insert(thread);
    program_timer(thread.when);
    deferred_.rests = false;
    deferred_.before = ~u64{0};
}

void Cpu::timer_interrupt()
{
    const abi::Ticks now{sysreg::cntvct()};
    constexpr u32 at_once = 16;  // for the others the next interrupt comes at once
    for (u32 i = 0; i < at_once; ++i) {
        DeadlineLink* const first = deadlines_.first();
        if (first == nullptr || first->when > now)
            break;
        if (rests(*first)) {
            deadlines_.remove(*first);
            deferred_.rests = true;
        } else {
            static_cast<Thread*>(first)->expire();
        }
    }
    if (slice_end_ <= now) {
        slice_end_ = abi::never;
        if (current_ != nullptr) {
            enqueue(*current_);
            current_ = nullptr;
        }
    }
    programmed_ = abi::never;
    abi::Ticks first = slice_end_;
    if (deadlines_.first() != nullptr)
        first = std::min(first, deadlines_.first()->when);
    if constexpr (fault_injecting)
        first = std::min(first, fault::timer(now));
    if (first == abi::never)
        sysreg::set_cntv_cval(abi::never.raw());  // the line falls
    else
        program_timer(first);
}

void Cpu::use_fp(Thread& thread)
{
    open_fp(true);
    sysreg::isb();  // before the first access
    if (fp_owner_ == &thread)
        return;
    if (fp_owner_ != nullptr)
        save_fp(&fp_owner_->fp);
    restore_fp(&thread.fp);
    fp_owner_ = &thread;
}

}  // namespace kernel
