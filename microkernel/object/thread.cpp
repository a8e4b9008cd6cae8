// object/thread.cpp - how waits end: with bits, with an event, with an error, with death.

#include "object/thread.hpp"

#include "fault/hooks.hpp"
#include "object/endpoint.hpp"
#include "object/interrupt.hpp"
#include "object/process.hpp"
#include "sched/cpu.hpp"

namespace kernel {

Thread::Thread(Process& process, u32 index, u8 level, PhysAddr message, const Start& start)
    : Frame{},
      Object{kind_value},
      home{start.home},
      own_priority{level},
      priority{level},
      priority_receiving{level},
      ttbr{process.space().ttbr()},
      chunks{process.handles().chunks()},
      hot{chunks[0]},
      process_{&process},
      index_{index},
      message_{direct<abi::MessagePage>(message)}
{
    pc = start.pc;
    Frame::sp = start.sp;
    x[0] = start.argument;
    x[1] = start.message_address;
    full = 1;
}

void Thread::settle()
{
    if (burden.timed)
        cpus[burden.timed - 1U].clear_deadline(*this);
    if (burden.taking > 0)
        process_->handles().unreserve(std::exchange(burden.taking, u8{0}));
}

void Thread::wake()
{
    settle();
    fault::woken(*this);
    state = State::ready;
    make_ready(*this);
}

void Thread::wake_with_bits(Notification& from, abi::Bits bits)
{
    if (state == State::receiving) {
        endpoint->remove_receiver(*this);
        x[9] = 0;
    } else {
        from.forget();
        waiting_on = nullptr;
    }
    x[0] = 0;
    x[1] = waiting_irq != nullptr ? waiting_irq->fires() : 0;
    x[10] = bits.raw;
    waiting_irq = nullptr;
    wake();
}

void Thread::wake_with_event(Errc status, u64 badge)
{
    endpoint->remove_receiver(*this);
    x[0] = static_cast<u64>(status);
    x[9] = badge;
    x[10] = 0;
    wake();
}

void Thread::abandon(Errc why)
{
    if (state == State::ready || state == State::dead)
        return;
    const bool receiving = state == State::receiving;
    disengage();
    x[0] = static_cast<u64>(why);
    x[1] = 0;
    if (receiving)
        x[9] = 0;
    x[10] = 0;
    wake();
}

void Thread::expire()
{
    const bool called = state == State::calling || state == State::replying || fault::lost(*this);
    abandon(Errc::timed_out);
    const auto entry = process_->handles().find(call_slot(), abi::Kind::endpoint, abi::right::call);
    if (called && entry)
        badge_of(**entry).endpoint().tell_manager();
}

// After a fault or an interrupt it does so by itself.
void Thread::repeat_call()
{
    if (full != 0)
        return;
    constexpr u64 svc_bytes = 4;
    pc -= svc_bytes;
    full = 1;  // x8 has the number of the call
}

void Thread::start_work(Work::Step step, Object& about, Mapping* mapping)
{
    full = at_work;
    work.active = true;
    work.step = step;
    work.object = Ref{about};
    work.mapping = mapping;
}

void Thread::doom(Large& large)
{
    full = at_work;
    work.active = true;
    work.doomed.push_front(large);
}

bool Thread::do_some_work()
{
    if (Large* const first = work.doomed.front())
        end_some(*first);
    else if (work.step != nullptr && work.step(*this))
        work.finish_call();
    if (work.step != nullptr || !work.doomed.empty())
        return true;
    if (state == State::dead) {
        Process* const forgotten = process_->forgotten_payer();
        if (forgotten == nullptr)
            return process_->remove(*this), true;
        forgotten->begin_end({});
        doom(*forgotten);
        return true;
    }
    full = 0;
    work.active = false;
    if (work.then != nullptr)
        std::exchange(work.then, nullptr)(*this);
    return false;
}

bool Thread::undo_some_work()
{
    if (work.mapping == nullptr)
        return true;
    auto& into = static_cast<Process&>(*work.object);
    return into.dead() || into.space().remove_some(*work.mapping);
}

void Thread::disengage()
{
    if (state == State::receiving)
        endpoint->remove_receiver(*this);
    if (state == State::calling)
        endpoint->remove_caller(*this);
    if (state == State::replying)
        partner->caller = nullptr;
    if (waiting_on != nullptr)
        std::exchange(waiting_on, nullptr)->forget();
    waiting_irq = nullptr;
    settle();
}

}  // namespace kernel
