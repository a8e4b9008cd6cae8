// fault/messages.cpp - messages of the victim's callers, and its replies, that are lost, come
// twice, or come otherwise than they were sent.

#include "fault/order.hpp"
#include "object/endpoint.hpp"
#include "object/slabs.hpp"
#include "syscall/calls.hpp"
#include "syscall/entry.hpp"

#include <algorithm>
#include <cstring>

namespace kernel::fault {

namespace {

using abi::Header;

// A caller whose message or reply was lost waits for nothing in particular, until its deadline, or
// until its server ends, as if that had it.
struct Lost {
    Thread* caller = nullptr;
    const Process* server = nullptr;
};
constinit std::array<Lost, 16> all_lost{};

// A request that comes again, with nobody behind it.
struct Echo {
    const Process* server = nullptr;  // null: none
    const Endpoint* endpoint = nullptr;
    std::array<u64, 10> x{};  // as it was received: header, payload, badge
    std::array<std::byte, abi::message_bytes> payload{};
};
constinit Echo echo;

// The message that is delivered now is the one.
constinit bool chosen = false;

bool lose(Thread& caller, const Process& server)
{
    const auto free = std::ranges::find(all_lost, nullptr, &Lost::caller);
    if (free == all_lost.end())
        return missed(), false;
    *free = {&caller, &server};
    caller.state = Thread::State::waiting;
    caller.partner = nullptr;
    caller.endpoint = nullptr;
    return true;
}

bool lost_now(Thread& caller, Thread& server, Point point)
{
    chosen = reaches(server.process(), point);
    if (!chosen || order.kind != Kind::drop_message || !lose(caller, server.process()))
        return false;
    fired(&server, {});
    return true;
}

// Of a message as `to` has it; `head`: bits of x0 that may change as well.
void corrupt(Thread& to, unsigned head_low, unsigned head_bits)
{
    Random random = order.random();
    const u64 payload_bits = Header{to.x[0]}.size() * 8;
    const u64 at = random.below(payload_bits + head_bits);
    u64* word = &to.x[0];
    u64 flipped = u64{1} << (head_low + (at - payload_bits));
    if (at < payload_bits) {
        const bool in_registers = payload_bits <= abi::register_bytes * 8;
        auto* const page = reinterpret_cast<u64*>(to.message().payload.data());
        word = in_registers ? &to.x[1 + at / 64] : &page[at / 64];
        flipped = u64{1} << at % 64;
    }
    const u64 before = *word;
    *word ^= flipped;
    fired(&to, {.address = at, .before = before, .after = *word});
}

void remember(const Thread& from, Thread& to)
{
    const auto entry =
        from.process().handles().find(from.call_slot(), abi::Kind::endpoint, abi::right::call);
    if (!entry || Header{to.x[0]}.handles() > 0 || echo.server != nullptr)
        return missed();
    echo.server = &to.process();
    echo.endpoint = &badge_of(**entry).endpoint();
    std::ranges::copy_n(to.x.begin(), std::ssize(echo.x), echo.x.begin());
    std::memcpy(echo.payload.data(), to.message().payload.data(), echo.payload.size());
    fired(&to, {});
}

}  // namespace

bool on_request(Thread& from, Thread& to) { return lost_now(from, to, Point::message); }

void on_received(Thread& from, Thread& to)
{
    constexpr unsigned ordinal_low = 32;
    constexpr unsigned ordinal_bits = 16;
    if (!std::exchange(chosen, false))
        return;
    if (order.kind == Kind::corrupt_message)
        return corrupt(to, ordinal_low, ordinal_bits);
    if (order.kind == Kind::duplicate_message)
        return remember(from, to);
    order.due = order.kind != Kind::drop_message;
}

bool on_receive(Thread& receiver, Endpoint& endpoint)
{
    if (echo.server != &receiver.process() || echo.endpoint != &endpoint)
        return false;
    echo.server = nullptr;
    std::ranges::copy(echo.x, receiver.x.begin());
    std::memcpy(receiver.message().payload.data(), echo.payload.data(), echo.payload.size());
    if (receiver.burden.taking > 0)
        receiver.message().handles = {};
    return true;
}

bool on_reply(Thread& server, Thread& caller) { return lost_now(caller, server, Point::reply); }

// What ends the server does so at once, before it waits for the next request.
void on_replied(Thread& server, Thread& caller)
{
    constexpr unsigned status_bits = 8;
    if (!std::exchange(chosen, false))
        return;
    if (order.kind == Kind::corrupt_message)
        return corrupt(caller, 0, status_bits);
    if (order.kind == Kind::kill)
        (void)inject(server);
    else
        order.due = order.kind != Kind::drop_message;
}

bool has_lost(const Thread& caller)
{
    return std::ranges::contains(all_lost, &caller, &Lost::caller);
}

void on_woken(Thread& thread)
{
    const auto at = std::ranges::find(all_lost, &thread, &Lost::caller);
    if (at != all_lost.end())
        *at = {};
}

void on_stopped(Thread& thread)
{
    on_woken(thread);
    for (const Lost one : all_lost)
        if (one.caller != nullptr && one.server == &thread.process())
            fail_caller(*one.caller, Errc::peer_restarted);
}

void forget_messages(const Process& server)
{
    if (echo.server == &server)
        echo.server = nullptr;
}

}  // namespace kernel::fault
