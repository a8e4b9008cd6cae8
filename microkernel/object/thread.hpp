// object/thread.hpp - a thread: registers, priority, and what it waits for.
//
// A Thread fills a frame of its own, registers first: SP_EL1 points at it while the thread runs at
// EL0.
//
//   ready      in a run queue, in the hand-off place, or running
//   waiting    on a notification (waiting_on), perhaps for one interrupt only
//   receiving  in the receivers of an endpoint; bits of its bound notification wake it as well
//   calling    in the callers of an endpoint
//   replying   received by `partner`, which owes it a reply
//   dead
// Invariants: a.partner == &b and a is `replying` iff b.caller == &a. A deadline is queued only
// while blocked.
#pragma once

#include "arch/aarch64/context.hpp"
#include "fault/flavour.hpp"
#include "object/notification.hpp"
#include "sched/deadline_queue.hpp"

#include <array>
#include <bit>

#include <abi/message.hpp>
#include <abi/syscall.hpp>

namespace kernel {

class Badge;
class Cpu;
class Endpoint;
class Process;
struct HandleEntry;
class Thread;
struct Mapping;
struct ProcessThreads;  // tag: the threads of a process
struct Queue;           // tag: the run queue or the endpoint queue that a thread stands in

// What a thread does in the kernel before it goes on: in steps of a few thousand instructions, at
// its own priority, between which the lock is released and interrupts are taken.
struct Work {
    // True: that was the last step.
    using Step = bool (*)(Thread&);

    bool active = false;
    Step step = nullptr;              // of the call that it makes
    void (*then)(Thread&) = nullptr;  // after all steps
    Ref<Object> object;               // what the call is about: memory, a process, a device
    Mapping* mapping = nullptr;       // of that process: it is made, or taken away
    List<Large> doomed;               // what comes to its end, or has news, by what this thread did

    void finish_call() { step = nullptr, mapping = nullptr, object.reset(); }
};

class Thread final : public Frame,
                     public Object,
                     public DeadlineLink,
                     public ListNode<ProcessThreads>,
                     public ListNode<Queue> {
public:
    static constexpr auto kind_value = abi::Kind::thread;

    // fast.S: zero for one that runs, and for `replying` the number of its call.
    enum class State : u8 {
        ready = 0,
        replying = static_cast<u8>(abi::Syscall::call),
        receiving,
        waiting,
        calling,
        dead
    };

    // Entry state of a new thread. `message` is its message page, mapped at `message_address`.
    struct Start {
        u64 pc;
        u64 sp;
        u64 argument;
        u64 message_address;
        Cpu* home;
    };

    Thread(Process& process, u32 index, u8 priority, PhysAddr message, const Start& start);

    Process& process() const { return *process_; }
    u32 index() const { return index_; }
    abi::MessagePage& message() const { return *message_; }
    u64 argument(unsigned n) const { return x[n]; }
    // Bits above the handle are part of what must match a generation, so they must be zero.
    abi::Slot call_slot() const { return abi::Slot{x[8] >> 8}; }
    abi::Ticks deadline_argument() const { return abi::Ticks{x[9]}; }

    // What a call returns, in x1 and up.
    void finish(u64 x1 = 0) { x[0] = 0, x[1] = x1; }
    void finish(u64 x1, u64 x2) { finish(x1), x[2] = x2; }
    void finish(u64 x1, u64 x2, u64 x3) { finish(x1, x2), x[3] = x3; }

    // What must be undone when its wait ends.
    struct alignas(2) Burden {
        u8 taking = 0;  // handle slots reserved for the message it waits for
        u8 timed = 0;   // n: its deadline is in the queue of CPU n - 1

        bool none() const { return std::bit_cast<u16>(*this) == 0; }
    };

    Cpu* home;  // the CPU that it runs on, whose queues it stands in
    // fast.S reads these as one word, and writes a priority together with the state behind it.
    u8 own_priority;
    State when_running = State::ready;
    u8 priority;  // in force: its own, or donated by the caller that it serves
    State state = State::ready;
    u8 priority_receiving;  // its own
    State when_receiving = State::receiving;
    Burden burden;
    Ref<Notification> bound;
    Thread* caller = nullptr;            // whom this thread owes a reply
    Endpoint* endpoint = nullptr;        // receiving, calling
    Thread* partner = nullptr;           // replying: who owes the reply; else nothing to look at
    Notification* waiting_on = nullptr;  // waiting
    const Interrupt* waiting_irq = nullptr;  // waiting in SYS_IRQ_WAIT
    u64 ttbr;                                // of its process
    HandleEntry* const* chunks;              // of its process's handles
    const HandleEntry* hot;                  // the handle of its last short call, or a free one
    Endpoint* serves = nullptr;              // callers in line there lend it their priority
    FpState fp{};
    // Handles of the message that it sends, as they were in its page when they were checked.
    std::array<abi::Slot, abi::message_handles> carried{};

    // Ends the wait of a waiting or receiving thread with bits of the notification it waits on.
    void wake_with_bits(Notification& from, abi::Bits bits);
    // Ends the wait of a receiving thread: a status and the badge that it is about.
    void wake_with_event(Errc status, u64 badge);
    // Blocked no more, whatever it waited for was taken back: it may run.
    void wake();
    // Ends whatever it waits for with an error; it becomes ready. Nothing happens to one that is
    // not blocked.
    void abandon(Errc why);
    // Its deadline passed; the manager of the endpoint that it called is told.
    void expire();
    // It entered the kernel, which did nothing yet; it will do so again elsewhere.
    void repeat_call();
    // Steps to be done before this call ends.
    void start_work(Work::Step step, Object& about, Mapping* mapping = nullptr);
    // What is to be done with something large before this call ends.
    void doom(Large& large);
    // One step. False: that was the last one, and the thread goes on. Else it may be gone.
    bool do_some_work();
    // Undoes what its work has half done to others; true: there is nothing left.
    bool undo_some_work();

    // It is dead, and ends a process above its own, which has ended: it goes with that one.
    void belong_to(Process& process) { process_ = &process; }

    // Leaves every queue and lets go of its partner.
    void disengage();
    // Takes its deadline back and gives unused reserved slots back.
    void settle();

private:
    friend struct Layout;
    static constexpr u64 at_work = 2;  // as `full`: the fast paths leave it alone

    Process* process_;
    u32 index_;
    abi::MessagePage* message_;

public:
    Work work;
    [[no_unique_address]] fault::PerThread fault;
};
static_assert(sizeof(Thread) <= page_bytes);

}  // namespace kernel
