// syscall/ipc.cpp - call, receive, reply: messages go from sender to receiver directly, with no
// buffer between.
//
// A message page can be written by its process at any time. So handles are copied to the sending
// Thread when they are checked, and the payload goes from page to page unread; the header is in
// registers, which are saved in the Thread already.

#include "checks/invariants.hpp"
#include "fault/hooks.hpp"
#include "syscall/calls.hpp"
#include "trace/trace.hpp"

#include <algorithm>
#include <cstring>

#include <abi/syscall.hpp>

namespace kernel {

namespace {

using abi::Header;

// Header word of the message that `thread` sends.
Header sent(const Thread& thread) { return Header{thread.x[0]}; }

// Up to 56 bytes without handles, in either direction: nothing to check or reserve.
bool plain(Header header) { return header.raw >> 48 <= abi::register_bytes; }

Result<> check_layout(Header header)
{
    if (header.size() > abi::message_bytes)
        return fail(Errc::too_big);
    if (header.handles() > abi::message_handles || header.take() > abi::message_handles)
        return fail(Errc::bad_argument);
    return {};
}

std::span<const abi::Slot> carried(const Thread& sender)
{
    return std::span{sender.carried}.first(sent(sender).handles());
}

// Each handle that the message carries exists and may travel. Badged or not, each slot counts once.
// For a message that stood in line this is asked again: the table may have changed, the copy not.
Result<> check_carried(const Thread& sender)
{
    const auto slots = carried(sender);
    for (u64 i = 0; i < slots.size(); ++i) {
        const auto entry = sender.process().handles().find(slots[i]);
        if (!entry)
            return fail(entry.error());
        if (!(*entry)->rights.has(abi::right::transfer))
            return fail(Errc::denied);
        for (u64 j = 0; j < i; ++j)
            if (slots[j] == slots[i])
                return fail(Errc::bad_argument);
    }
    return {};
}

// The only look at the handles in the message page.
Result<> take_handles(Thread& sender)
{
    if (sent(sender).handles() == 0)
        return {};
    sender.carried = copy_once(sender.message().handles);
    return check_carried(sender);
}

void move_handles(Thread& from, Thread& to)
{
    std::array<abi::Slot, abi::message_handles> moved{};  // no_slot, all of them
    usize next = 0;
    for (const abi::Slot slot : carried(from)) {
        const HandleEntry entry = handles(from).take(**handles(from).find(slot));
        moved[next++] = handles(to).add(*entry.object, entry.rights, entry.data);
        --to.burden.taking;
    }
    if constexpr (checked)
        checks::look_at_moved(from, carried(from), to, std::span{moved}.first(next));
    to.message().handles = moved;
}

void copy_payload(const Thread& from, Thread& to, Header header)
{
    if (header.size() > abi::register_bytes) {
        std::memcpy(to.message().payload.data(), from.message().payload.data(), header.size());
        return;
    }
    for (unsigned i = 1; i < 8; ++i)
        to.x[i] = from.x[i];
}

// The request of `from` becomes what `to` receives; `from` waits for the reply.
void deliver_request(Thread& from, Thread& to, u64 badge)
{
    trace::note(trace::Kind::request, trace::id(&from), trace::id(&to));
    const Header header = sent(from);
    copy_payload(from, to, header);
    if (header.handles() > 0 || to.burden.taking > 0)
        move_handles(from, to);
    to.x[0] = header.raw & ~Header::Status::mask;
    to.x[9] = badge;
    to.x[10] = 0;
    to.caller = &from;
    to.priority = std::max(to.own_priority, from.priority);
    from.partner = &to;
    from.state = Thread::State::replying;
    fault::received(from, to);
}

// The call of the first caller that is still valid; the others learn why theirs is not. True: one
// was received.
bool receive_queued(Thread& receiver, Endpoint& endpoint)
{
    while (Thread* const from = endpoint.first_caller()) {
        const auto entry =
            handles(*from).find(from->call_slot(), abi::Kind::endpoint, abi::right::call);
        const auto valid = entry ? check_carried(*from) : Result<>{fail(entry.error())};
        if (!valid || sent(*from).handles() > receiver.burden.taking) {
            from->abandon(valid ? Errc::no_space : valid.error());
            continue;
        }
        if (fault::request(*from, receiver)) {
            endpoint.remove_caller(*from);
            continue;
        }
        endpoint.remove_caller(*from);
        Badge& badge = badge_of(**entry);
        badge.meet_server();
        endpoint.served_by(receiver);
        deliver_request(*from, receiver, badge.value());
        return true;
    }
    return false;
}

void block_receiver(Thread& receiver, Endpoint& endpoint)
{
    receiver.state = Thread::State::receiving;
    receiver.endpoint = &endpoint;
    endpoint.add_receiver(receiver);
    this_cpu().set_deadline(receiver, receiver.deadline_argument());
    this_cpu().block();
}

// Takes what is there, else waits. `take` slots are reserved already.
void receive(Thread& receiver, Endpoint& endpoint)
{
    abi::Bits bits;
    if (receiver.bound) {
        receiver.bound->rearm();
        bits = receiver.bound->take(abi::Bits{~u64{0}});
    }
    const u64 gone = endpoint.take_gone();
    receiver.priority = receiver.own_priority;
    if (gone == 0 && !fault::receive(receiver, endpoint) && !receive_queued(receiver, endpoint)) {
        if (bits.empty() && receiver.deadline_argument() != abi::now)
            return block_receiver(receiver, endpoint);
        receiver.x[0] = bits.empty() ? static_cast<u64>(Errc::timed_out) : 0;
        receiver.x[9] = 0;
    } else if (gone != 0) {
        receiver.x[0] = static_cast<u64>(Errc::peer_gone);
        receiver.x[9] = gone;
        receiver.priority = priority_before(receiver, &endpoint);
    }
    receiver.x[10] = bits.raw;
    receiver.settle();
}

// A reply that carries the handle that the same call receives on: it would be gone before its use.
bool carries(const Thread& sender, abi::Slot slot)
{
    return std::ranges::contains(carried(sender), slot);
}

Result<> reserve_slots(Thread& thread, Header header)
{
    if (header.take() == 0)
        return {};
    const auto reserved = handles(thread).reserve(static_cast<u32>(header.take()));
    if (reserved)
        thread.burden.taking = static_cast<u8>(header.take());
    return reserved;
}

// Everything that can be wrong with a reply, before anything happens. A caller that is gone takes
// anything.
Result<> check_reply(Thread& server)
{
    const Header header = sent(server);
    if (plain(header))
        return {};
    if (const auto layout = check_layout(header); !layout)
        return layout;
    if (header.handles() == 0)
        return {};
    if (const auto taken = take_handles(server); !taken)
        return taken;
    if (server.caller != nullptr && header.handles() > server.caller->burden.taking)
        return fail(Errc::no_space);
    return {};
}

// The reply reaches the caller, which becomes ready; the handles for one that is gone are closed.
void deliver_reply(Thread& server)
{
    const Header header = sent(server);
    Thread* const caller = std::exchange(server.caller, nullptr);
    if (caller == nullptr || fault::reply(server, *caller)) {
        for (const abi::Slot slot : carried(server))
            server.process().close(**handles(server).find(slot));
        return;
    }
    trace::note(trace::Kind::reply, trace::id(&server), trace::id(caller));
    copy_payload(server, *caller, header);
    if (header.handles() > 0 || caller->burden.taking > 0)
        move_handles(server, *caller);
    caller->x[0] = header.raw & ~Header::Take::mask;
    fault::replied(server, *caller);
    caller->wake();
}

Result<Endpoint*> receive_endpoint(Thread& thread)
{
    return handles(thread).get<Endpoint>(thread.call_slot(), abi::right::receive);
}

// After a reply that closed something large.
void receive_again(Thread& thread)
{
    if (const auto endpoint = receive_endpoint(thread))
        return receive(thread, **endpoint);
    thread.settle();
    thread.x[0] = static_cast<u64>(Errc::cancelled);
    thread.x[9] = thread.x[10] = 0;
}

// The same for a thread that owes nobody a reply.
Result<Endpoint*> idle_receiver(Thread& thread)
{
    const auto endpoint = receive_endpoint(thread);
    if (!endpoint)
        return endpoint;
    if (thread.caller != nullptr)
        return fail(Errc::busy);
    if (sent(thread).take() > abi::message_handles)
        return fail(Errc::bad_argument);
    return endpoint;
}

}  // namespace

Result<> sys_call(Thread& caller)
{
    const auto entry =
        handles(caller).find(caller.call_slot(), abi::Kind::endpoint, abi::right::call);
    if (!entry)
        return fail(entry.error());
    Badge& badge = badge_of(**entry);
    Endpoint& endpoint = badge.endpoint();
    const Header header = sent(caller);
    if (!plain(header)) {
        if (const auto layout = check_layout(header); !layout)
            return layout;
        if (const auto taken = take_handles(caller); !taken)
            return taken;
    }
    if (const auto admitted = endpoint.admit(badge); !admitted)
        return admitted;
    Thread* const receiver = endpoint.first_receiver();
    if (receiver != nullptr && header.handles() > receiver->burden.taking)
        return fail(Errc::no_space);
    if (caller.deadline_argument() == abi::now)
        return fail(Errc::timed_out);  // a reply takes time
    if (const auto reserved = reserve_slots(caller, header); !reserved)
        return reserved;
    this_cpu().block();
    this_cpu().set_deadline(caller, caller.deadline_argument());
    if (receiver == nullptr) {
        caller.state = Thread::State::calling;
        caller.endpoint = &endpoint;
        endpoint.add_caller(caller);
        donate(caller);
        return {};
    }
    if (fault::request(caller, *receiver))
        return {};
    endpoint.remove_receiver(*receiver);
    endpoint.served_by(*receiver);
    deliver_request(caller, *receiver, badge.value());
    receiver->wake();
    return {};
}

Result<> sys_recv(Thread& caller)
{
    const auto endpoint = idle_receiver(caller);
    if (!endpoint)
        return fail(endpoint.error());
    if (const auto reserved = reserve_slots(caller, sent(caller)); !reserved)
        return reserved;
    receive(caller, **endpoint);
    return {};
}

Result<> sys_signal_recv(Thread& caller)
{
    const auto endpoint = idle_receiver(caller);
    if (!endpoint)
        return fail(endpoint.error());
    const auto bell = Bell::find(caller, abi::Slot{caller.argument(1)}, caller.argument(2));
    if (!bell)
        return fail(bell.error());
    if (const auto reserved = reserve_slots(caller, sent(caller)); !reserved)
        return reserved;
    bell->ring();
    receive(caller, **endpoint);
    return {};
}

Result<> sys_reply_recv(Thread& caller)
{
    const auto endpoint = receive_endpoint(caller);
    if (!endpoint)
        return fail(endpoint.error());
    if (const auto good = check_reply(caller); !good)
        return good;
    if (!plain(sent(caller)) && carries(caller, caller.call_slot()))
        return fail(Errc::bad_argument);
    if (const auto reserved = reserve_slots(caller, sent(caller)); !reserved)
        return reserved;
    deliver_reply(caller);
    if (caller.work.active)
        caller.work.then = &receive_again;
    else
        receive(caller, **endpoint);
    return {};
}

Result<> sys_reply(Thread& caller)
{
    if (caller.caller == nullptr) {
        caller.priority = priority_before(caller, caller.serves);
        return fail(Errc::peer_gone);
    }
    if (const auto good = check_reply(caller); !good)
        return good;
    deliver_reply(caller);
    caller.priority = priority_before(caller, caller.serves);
    caller.finish();
    return {};
}

}  // namespace kernel
