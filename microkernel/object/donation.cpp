// object/donation.cpp - a caller that stands in line lends its priority to whom it waits for.
//
// Invariant: a thread is as important as each that waits for it, over up to `longest_chain` calls,
// from when it begins to wait until it is answered.

#include "object/endpoint.hpp"
#include "sched/cpu.hpp"

#include <algorithm>

namespace kernel {

namespace {

constexpr int longest_chain = 8;

Thread* waits_for(const Thread& thread)
{
    if (thread.state == Thread::State::calling)
        return thread.endpoint->server();
    return thread.state == Thread::State::replying ? thread.partner : nullptr;
}

// Where it stands in a queue it moves up.
void raise(Thread& thread, u8 priority)
{
    const bool in_line = thread.state == Thread::State::calling;
    if (in_line)
        thread.endpoint->remove_caller(thread);
    if (thread.state == Thread::State::ready)
        thread.home->raise(thread, priority);
    thread.priority = priority;
    if (in_line)
        thread.endpoint->add_caller(thread);
}

}  // namespace

void donate(const Thread& caller)
{
    const Thread* from = &caller;
    for (int i = 0; i < longest_chain; ++i) {
        Thread* const to = waits_for(*from);
        if (to == nullptr || to->priority >= caller.priority
            || to->state == Thread::State::receiving)
            return;
        raise(*to, caller.priority);
        from = to;
    }
}

u8 priority_before(const Thread& server, Endpoint* endpoint)
{
    const Thread* const first = endpoint != nullptr ? endpoint->first_caller() : nullptr;
    return first != nullptr ? std::max(server.own_priority, first->priority) : server.own_priority;
}

void Endpoint::served_by(Thread& thread)
{
    if (server_ == &thread)
        return;
    if (thread.serves != nullptr)
        thread.serves->forget_server();
    forget_server();
    server_ = &thread;
    thread.serves = this;
    required_ = given_up_ ? nobody : restarted_;
}

void Endpoint::forget_server()
{
    if (server_ != nullptr)
        std::exchange(server_, nullptr)->serves = nullptr;
    required_ = nobody;
}

}  // namespace kernel
