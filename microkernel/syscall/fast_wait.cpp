// syscall/fast_wait.cpp - the common cases of signal, wait and receive, and of a signal fused with
// one of these, each in one straight line.

#include "syscall/fast.hpp"

namespace kernel {

namespace {

constexpr abi::Bits all_bits{~u64{0}};

Notification& notification_of(const HandleEntry& entry)
{
    return static_cast<Notification&>(*entry.object);
}

// What a call signals.
struct Bell {
    Notification* notification = nullptr;  // null: the handle is no good, or no bit is left
    abi::Bits bits;
};

Bell bell(const Thread& caller, abi::Slot slot, u64 bits)
{
    const HandleEntry* const entry =
        fast::find(caller, slot, abi::Syscall::signal, abi::Kind::notification, abi::right::signal);
    if (entry == nullptr || (bits & entry->data) == 0)
        return {};
    return {&notification_of(*entry), abi::Bits{bits & entry->data}};
}

// Whom a signal wakes, or null.
Thread* sleeper(const Notification& notification)
{
    if (Thread* const waiter = notification.waiter(); waiter != nullptr)
        return waiter;
    Thread* const bound = notification.bound();
    return bound != nullptr && bound->state == Thread::State::receiving ? bound : nullptr;
}

// Its wait can be ended in a few steps.
bool simple(const Thread& sleeper)
{
    return !sleeper.burden.timed && sleeper.waiting_irq == nullptr
           && (sleeper.state != Thread::State::receiving
               || sleeper.endpoint->lone_receiver() == &sleeper);
}

// Ends the wait of a simple sleeper; it is ready, and stands in no queue yet.
void wake(Thread& to, Notification& from, abi::Bits bits)
{
    if (to.state == Thread::State::receiving) {
        if (to.burden.taking > 0)
            to.process().handles().unreserve(std::exchange(to.burden.taking, u8{0}));
        to.endpoint->remove_receiver(to);
        to.x[9] = 0;
    } else {
        from.forget();
        to.waiting_on = nullptr;
    }
    to.x[10] = from.deliver(bits).raw;
    to.x[0] = to.x[1] = 0;
    to.state = Thread::State::ready;
}

Thread* go_on(Thread& caller, Cpu& cpu)
{
    cpu.count_exception();
    return &caller;
}

// Nobody waits, or a simple sleeper.
Thread* signal(Thread& caller, Cpu& cpu)
{
    const auto [notification, bits] = bell(caller, caller.call_slot(), caller.x[0]);
    if (notification == nullptr)
        return nullptr;
    Thread* const to = sleeper(*notification);
    if (to == nullptr) {
        notification->add(bits);
        caller.finish();
        return go_on(caller, cpu);
    }
    const bool preempts = to->priority > caller.priority;
    // An equal one would have to get a slice.
    const bool direct = preempts ? cpu.can_enter_fast(*to, to->priority)
                                 : to->home == &cpu && to->priority < caller.priority;
    if (!direct || !simple(*to))
        return nullptr;
    caller.finish();
    wake(*to, *notification, bits);
    if (preempts)
        return cpu.preempt_fast(*to), to;
    cpu.enqueue(*to);
    return go_on(caller, cpu);
}

// A notification that the caller may wait on now, for ever.
Notification* waitable(const Thread& caller)
{
    const HandleEntry* const entry = fast::find(caller, caller.call_slot(), abi::Syscall::wait,
                                                abi::Kind::notification, abi::right::wait);
    if (entry == nullptr)
        return nullptr;
    Notification& notification = notification_of(*entry);
    const Thread* const bound = notification.bound();
    const bool free = notification.waiter() == nullptr && (bound == nullptr || bound == &caller);
    return free && caller.deadline_argument() == abi::never ? &notification : nullptr;
}

void sleep(Thread& caller, Notification& on)
{
    on.rearm();
    caller.state = Thread::State::waiting;
    caller.waiting_on = &on;
    on.wait(caller, all_bits);
}

// Bits are there, or the thread sleeps and somebody ready goes on.
Thread* wait(Thread& caller, Cpu& cpu)
{
    Notification* const on = waitable(caller);
    if (on == nullptr)
        return nullptr;
    if (on->pending()) {
        on->rearm();
        caller.finish();
        caller.x[10] = on->take(all_bits).raw;
        return go_on(caller, cpu);
    }
    Thread* const next = fast::next(cpu);
    if (next == nullptr)
        return nullptr;
    sleep(caller, *on);
    return fast::leave_to(next, cpu);
}

// The caller sleeps. Whom it woke goes on; or, if nobody slept, somebody ready.
Thread* signal_wait(Thread& caller, Cpu& cpu)
{
    Notification* const on = waitable(caller);
    const auto [rung, bits] = bell(caller, abi::Slot{caller.x[0]}, caller.x[1]);
    if (on == nullptr || rung == nullptr || rung == on || on->pending())
        return nullptr;
    Thread* const to = sleeper(*rung);
    if (to == nullptr) {
        Thread* const next = fast::next(cpu);
        if (next == nullptr)
            return nullptr;
        rung->add(bits);
        sleep(caller, *on);
        return fast::leave_to(next, cpu);
    }
    if (!simple(*to) || !cpu.can_enter_fast(*to, to->priority))
        return nullptr;
    wake(*to, *rung, bits);
    sleep(caller, *on);
    cpu.enter_fast(*to);
    return to;
}

// An endpoint on which the server may receive now, for ever, and nobody calls.
Endpoint* receivable(const Thread& server)
{
    const HandleEntry* const entry =
        fast::find(server, server.call_slot(), abi::Syscall::reply_recv, abi::Kind::endpoint,
                   abi::right::receive);
    if (entry == nullptr)
        return nullptr;
    Endpoint& endpoint = fast::endpoint_of(*entry);
    const bool quiet = server.caller == nullptr && !endpoint.busy()
                       && endpoint.lone_receiver() == nullptr && server.bound;
    return quiet && server.deadline_argument() == abi::never ? &endpoint : nullptr;
}

// Slots for the handles that come with the next request, if there are places already.
bool reserve(Thread& server)
{
    const u64 take = abi::Header{server.x[0]}.take();
    if (take == 0)
        return true;
    if (take > abi::message_handles || !server.process().handles().reserve_spare(take))
        return false;
    server.burden.taking = static_cast<u8>(take);
    return true;
}
bool could_reserve(const Thread& server)
{
    const u64 take = abi::Header{server.x[0]}.take();
    return take <= abi::message_handles && server.process().handles().has_spare(take);
}

void sleep(Thread& server, Endpoint& on)
{
    server.bound->rearm();
    server.priority = server.own_priority;
    server.state = Thread::State::receiving;
    server.endpoint = &on;
    on.add_receiver(server);
}

// Bits are there and nobody calls: the server goes on with them.
Thread* receive_bits(Thread& server, Cpu& cpu)
{
    Notification& bound = *server.bound;
    bound.rearm();
    server.priority = server.own_priority;
    server.x[10] = bound.take(all_bits).raw;
    server.x[0] = server.x[9] = 0;
    return go_on(server, cpu);
}

// Bits are there, or the server sleeps and somebody ready goes on.
Thread* recv(Thread& server, Cpu& cpu)
{
    Endpoint* const endpoint = receivable(server);
    if (endpoint == nullptr)
        return nullptr;
    if (server.bound->pending()) {
        const bool good = could_reserve(server) && cpu.lets_on(server.own_priority);
        return good ? receive_bits(server, cpu) : nullptr;
    }
    Thread* const next = fast::next(cpu);
    if (next == nullptr || !reserve(server))
        return nullptr;
    sleep(server, *endpoint);
    return fast::leave_to(next, cpu);
}

// The server sleeps, and whom it woke, or somebody ready, goes on.
Thread* signal_recv(Thread& server, Cpu& cpu)
{
    Endpoint* const endpoint = receivable(server);
    const auto [rung, bits] = bell(server, abi::Slot{server.x[1]}, server.x[2]);
    if (endpoint == nullptr || rung == nullptr || rung == server.bound.get()
        || server.bound->pending())
        return nullptr;
    Thread* const to = sleeper(*rung);
    Thread* const next = to == nullptr ? fast::next(cpu) : nullptr;
    const bool direct = to != nullptr && simple(*to) && cpu.can_enter_fast(*to, to->priority);
    if ((next == nullptr && !direct) || !reserve(server))
        return nullptr;
    if (direct)
        wake(*to, *rung, bits);
    else
        rung->add(bits);
    sleep(server, *endpoint);
    if (!direct)
        return fast::leave_to(next, cpu);
    cpu.enter_fast(*to);
    return to;
}

}  // namespace

}  // namespace kernel

using namespace kernel;  // NOLINT(google-build-using-namespace): the C names of the vectors

Thread* fast_recv_entry(Thread* thread, Cpu* cpu) { return recv(*thread, *cpu); }
Thread* fast_signal_recv_entry(Thread* thread, Cpu* cpu) { return signal_recv(*thread, *cpu); }
Thread* fast_signal_entry(Thread* thread, Cpu* cpu) { return signal(*thread, *cpu); }
Thread* fast_wait_entry(Thread* thread, Cpu* cpu) { return wait(*thread, *cpu); }
Thread* fast_signal_wait_entry(Thread* thread, Cpu* cpu) { return signal_wait(*thread, *cpu); }
