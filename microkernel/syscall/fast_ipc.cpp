// syscall/fast_ipc.cpp - the common cases of call and of reply-and-receive, each in one straight
// line: a message of up to 56 bytes, no handles in either direction, the partner waiting or the
// caller still there. This file is compiled without the use of x1..x7, so that the payload never
// leaves them; the header is in the sender's frame.

#include "syscall/fast.hpp"

#include <algorithm>

#include <abi/syscall.hpp>

namespace kernel {

namespace {

// Nothing carried, nothing taken, a payload that fits the registers.
bool plain(u64 header) { return header >> 48 <= abi::register_bytes; }

Thread* call(Thread& caller, Cpu& cpu)
{
    const HandleEntry* const entry =
        fast::find(caller, caller.call_slot(), abi::Kind::endpoint, abi::right::call);
    if (entry == nullptr)
        return nullptr;
    const u64 header = caller.x[0];
    const Badge& badge = badge_of(*entry);
    Endpoint& endpoint = fast::endpoint_of(*entry);
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
    const HandleEntry* const entry =
        fast::find(server, server.call_slot(), abi::Kind::endpoint, abi::right::receive);
    if (entry == nullptr)
        return nullptr;
    const u64 header = server.x[0];
    Endpoint& endpoint = fast::endpoint_of(*entry);
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

}  // namespace

}  // namespace kernel

using namespace kernel;  // NOLINT(google-build-using-namespace): the C names of the vectors

Thread* fast_call_entry(Thread* thread) { return fast::take(call, *thread, this_cpu()); }
Thread* fast_reply_recv_entry(Thread* thread)
{
    return fast::take(reply_recv, *thread, this_cpu());
}
