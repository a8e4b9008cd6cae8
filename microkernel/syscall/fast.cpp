// syscall/fast.cpp - the common cases of call, reply-and-receive, receive, signal and wait, each in
// one straight line.
//
// All look at everything first and change nothing unless all of it is the common case: a message of
// up to 56 bytes, no handles in either direction, no deadline, the partner waiting or the caller
// still there, nobody ready who is as important. Otherwise ipc.cpp, which knows all cases, does the
// call. The message stays in the sender's frame, where vectors.S loads it from.

#include "syscall/calls.hpp"
#include "syscall/entry.hpp"

#include <algorithm>

#include <abi/syscall.hpp>

namespace kernel {

namespace {

// Nothing carried, nothing taken, a payload that fits the registers.
bool plain(u64 header) { return header >> 48 <= abi::register_bytes; }

Endpoint& endpoint_of(const HandleEntry& entry) { return static_cast<Endpoint&>(*entry.object); }

Thread* call(Thread& caller, Cpu& cpu)
{
    const HandleEntry* const entry = caller.process().handles().peek(caller.call_slot());
    if (entry == nullptr || entry->kind != abi::Kind::endpoint
        || !entry->rights.has(abi::right::call))
        return nullptr;
    const u64 header = caller.x[0];
    const Badge& badge = badge_of(*entry);
    Endpoint& endpoint = endpoint_of(*entry);
    Thread* const to = endpoint.lone_receiver();
    if (!plain(header) || caller.deadline_argument() != abi::never || to == nullptr
        || badge.seen_epoch < endpoint.required_epoch() || !to->burden.none())
        return nullptr;
    const u8 priority = std::max(to->own_priority, caller.priority);
    if (!cpu.can_enter_fast(*to, priority))
        return nullptr;

    endpoint.remove_receiver(*to);
    caller.x[0] = header & ~abi::Header::Status::mask;
    to->x[9] = badge.value();
    to->x[10] = 0;
    to->priority = priority;
    to->state = Thread::State::ready;
    to->caller = &caller;
    caller.partner = to;
    caller.state = Thread::State::replying;
    cpu.enter_fast(*to);
    return to;
}

Thread* reply_recv(Thread& server, Cpu& cpu)
{
    const HandleEntry* const entry = server.process().handles().peek(server.call_slot());
    if (entry == nullptr || entry->kind != abi::Kind::endpoint
        || !entry->rights.has(abi::right::receive))
        return nullptr;
    const u64 header = server.x[0];
    Endpoint& endpoint = endpoint_of(*entry);
    Thread* const to = server.caller;
    const Notification* const bound = server.bound.get();
    if (!plain(header) || server.deadline_argument() != abi::never || to == nullptr
        || !to->burden.none() || endpoint.busy() || endpoint.lone_receiver() != nullptr
        || (bound != nullptr && !bound->quiet()) || !cpu.can_enter_fast(*to, to->priority))
        return nullptr;

    to->partner = nullptr;
    to->state = Thread::State::ready;
    server.caller = nullptr;
    server.priority = server.own_priority;
    server.state = Thread::State::receiving;
    server.endpoint = &endpoint;
    endpoint.add_receiver(server);
    cpu.enter_fast(*to);
    return to;
}

// A thread that bits of `notification` would wake, and that can be woken in a few steps.
Thread* sleeper(const Notification& notification)
{
    Thread* const thread = notification.bound();
    const bool receiving = thread != nullptr && thread->state == Thread::State::receiving;
    return receiving && thread->endpoint->lone_receiver() == thread && !thread->burden.timed
               ? thread
               : nullptr;
}

// A waiting thread that is less important, or as important, becomes ready; the caller goes on.
[[gnu::noinline]] Thread*
wake_waiter(Thread& caller, Notification& notification, abi::Bits bits, Cpu& cpu)
{
    Thread& to = *notification.waiter();
    if (to.waiting_irq != nullptr || to.burden.timed || to.priority > caller.priority)
        return nullptr;
    caller.finish();
    notification.forget();
    notification.add(bits);
    to.waiting_on = nullptr;
    to.x[10] = notification.take(abi::Bits{~u64{0}}).raw;
    to.x[0] = to.x[1] = 0;
    to.state = Thread::State::ready;
    cpu.enqueue(to);
    cpu.count_exception();
    return &caller;
}

// Nobody waits, or a less important thread, or a more important one in recv.
Thread* signal(Thread& caller, Cpu& cpu)
{
    const HandleEntry* const entry = caller.process().handles().peek(caller.call_slot());
    if (entry == nullptr || entry->kind != abi::Kind::notification
        || !entry->rights.has(abi::right::signal))
        return nullptr;
    auto& notification = static_cast<Notification&>(*entry->object);
    const abi::Bits bits{caller.x[0] & entry->data};
    if (bits.empty())
        return nullptr;
    if (notification.waiter() != nullptr)
        return wake_waiter(caller, notification, bits, cpu);
    const Thread* const bound = notification.bound();
    if (bound == nullptr || bound->state != Thread::State::receiving) {
        notification.add(bits);
        caller.finish();
        cpu.count_exception();
        return &caller;
    }
    Thread* const to = sleeper(notification);
    if (to == nullptr || to->priority <= caller.priority || !cpu.can_enter_fast(*to, to->priority))
        return nullptr;
    caller.finish();
    if (to->burden.taking > 0)
        to->process().handles().unreserve(std::exchange(to->burden.taking, u8{0}));
    to->endpoint->remove_receiver(*to);
    notification.add(bits);
    to->x[10] = notification.take(bits).raw;
    to->x[0] = to->x[1] = to->x[9] = 0;
    to->state = Thread::State::ready;
    cpu.preempt_fast(*to);
    return to;
}

// Bits are there, or the thread sleeps and somebody ready goes on.
Thread* wait(Thread& caller, Cpu& cpu)
{
    const HandleEntry* const entry = caller.process().handles().peek(caller.call_slot());
    if (entry == nullptr || entry->kind != abi::Kind::notification
        || !entry->rights.has(abi::right::wait))
        return nullptr;
    auto& notification = static_cast<Notification&>(*entry->object);
    const Thread* const bound = notification.bound();
    if (notification.waiter() != nullptr || (bound != nullptr && bound != &caller))
        return nullptr;
    if (notification.pending()) {
        notification.rearm();
        caller.finish();
        caller.x[10] = notification.take(abi::Bits{~u64{0}}).raw;
        cpu.count_exception();
        return &caller;
    }
    Thread* const next = cpu.next_fast();
    if (next == nullptr || caller.deadline_argument() != abi::never)
        return nullptr;
    notification.rearm();
    caller.state = Thread::State::waiting;
    caller.waiting_on = &notification;
    notification.wait(caller, abi::Bits{~u64{0}});
    cpu.leave_to_fast(*next);
    return next;
}

// Slots for the handles that come with the next request, if there are places already.
bool reserve(Thread& server, u64 take)
{
    if (take > abi::message_handles || !server.process().handles().reserve_spare(take))
        return false;
    server.burden.taking = static_cast<u8>(take);
    return true;
}

// Bits are there and nobody calls: the server goes on with them.
[[gnu::noinline]] Thread* go_on(Thread& server, Notification& bound, Cpu& cpu)
{
    if (cpu.preempts(server.own_priority))
        return nullptr;
    bound.rearm();
    server.priority = server.own_priority;
    server.x[10] = bound.take(abi::Bits{~u64{0}}).raw;
    server.x[0] = server.x[9] = 0;
    cpu.count_exception();
    return &server;
}

// Nothing is there: the server sleeps, and somebody ready goes on.
Thread* recv(Thread& server, Cpu& cpu)
{
    const HandleEntry* const entry = server.process().handles().peek(server.call_slot());
    if (entry == nullptr || entry->kind != abi::Kind::endpoint
        || !entry->rights.has(abi::right::receive))
        return nullptr;
    Endpoint& endpoint = endpoint_of(*entry);
    Notification* const bound = server.bound.get();
    const u64 take = abi::Header{server.x[0]}.take();
    if (server.deadline_argument() != abi::never || server.caller != nullptr || endpoint.busy()
        || endpoint.lone_receiver() != nullptr || bound == nullptr || take > abi::message_handles)
        return nullptr;
    if (bound->pending())
        return go_on(server, *bound, cpu);
    Thread* const next = cpu.next_fast();
    if (next == nullptr || (take > 0 && !reserve(server, take)))
        return nullptr;
    bound->rearm();
    server.priority = server.own_priority;
    server.state = Thread::State::receiving;
    server.endpoint = &endpoint;
    endpoint.add_receiver(server);
    cpu.leave_to_fast(*next);
    return next;
}

}  // namespace

}  // namespace kernel

using namespace kernel;  // NOLINT(google-build-using-namespace): the C names of the vectors

FastSwitch fast_call_entry(Thread* thread, Cpu* cpu)
{
    if (!kernel_lock.try_acquire()) [[unlikely]]
        return {};
    Thread* const to = call(*thread, *cpu);
    kernel_lock.release();
    return {to, thread};
}

FastSwitch fast_reply_recv_entry(Thread* thread, Cpu* cpu)
{
    if (!kernel_lock.try_acquire()) [[unlikely]]
        return {};
    Thread* const to = reply_recv(*thread, *cpu);
    kernel_lock.release();
    return {to, thread};
}

FastSwitch fast_recv_entry(Thread* thread, Cpu* cpu)
{
    if (!kernel_lock.try_acquire()) [[unlikely]]
        return {};
    Thread* const to = recv(*thread, *cpu);
    kernel_lock.release();
    return {to, to};
}

FastSwitch fast_signal_entry(Thread* thread, Cpu* cpu)
{
    if (!kernel_lock.try_acquire()) [[unlikely]]
        return {};
    Thread* const to = signal(*thread, *cpu);
    kernel_lock.release();
    return {to, to};
}

FastSwitch fast_wait_entry(Thread* thread, Cpu* cpu)
{
    if (!kernel_lock.try_acquire()) [[unlikely]]
        return {};
    Thread* const to = wait(*thread, *cpu);
    kernel_lock.release();
    return {to, to};
}
