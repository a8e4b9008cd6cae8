// fault/inject.cpp - what an order does to a thread that is about to run.

#include "fault/inspector.hpp"
#include "sched/cpu.hpp"
#include "syscall/entry.hpp"

namespace kernel::fault {

namespace {

// By FaultReport.address of flip_register.
u64& register_of(Thread& thread, u64 number)
{
    if (number < 32)
        return thread.x[number - 1];
    if (number == 32)
        return thread.Frame::sp;
    return number == 33 ? thread.pc : thread.spsr;
}

std::optional<Change> flip_register(Thread& thread, Random& random)
{
    constexpr u64 flags = 34;
    const u64 number = order.detail != 0 ? order.detail : 1 + random.below(flags);
    if (number > flags)
        return {};
    u64& value = register_of(thread, number);
    const u64 before = value;
    value ^= u64{1} << (number == flags ? 28 + random.below(4) : random.below(64));
    return Change{number, before, value};
}

// What calls that receive or wait return in case of an error is valid as well.
Change fail_call(Thread& thread, Random& random)
{
    constexpr std::array errors{Errc::no_memory, Errc::over_quota, Errc::bad_handle, Errc::denied,
                                Errc::bad_argument};
    const u64 error = order.detail != 0 ? order.detail & 0xffff'ffff
                                        : static_cast<u64>(errors[random.below(errors.size())]);
    const u64 before = thread.x[0];
    thread.x[0] = error;
    thread.x[1] = thread.x[9] = thread.x[10] = 0;
    return {.before = before, .after = error, .detail = static_cast<u32>(error)};
}

std::optional<Change> change(Thread& thread)
{
    Random random = order.random();
    switch (order.kind) {
    case Kind::kill:
    case Kind::block:
        return Change{};
    case Kind::flip_register:
        return flip_register(thread, random);
    case Kind::flip_stack:
    case Kind::flip_data:
    case Kind::flip_shared:
    case Kind::flip_dma:
        return change_memory(thread, random);
    case Kind::fail_call:
        return fail_call(thread, random);
    default:
        return change_text(thread, random);
    }
}

// As if by a call.
void put_to_sleep(Thread& thread)
{
    thread.state = Thread::State::waiting;
    this_cpu().count_exception();
    this_cpu().block();
}

}  // namespace

Outcome inject(Thread& thread)
{
    const u64 pc = thread.pc;
    const auto changed = change(thread);
    if (!changed)
        return missed(), Outcome::missed;
    fired(&thread, *changed, pc);
    if (order.kind == Kind::kill)
        return end_by_order(thread), Outcome::stopped;
    if (order.kind == Kind::block)
        return put_to_sleep(thread), Outcome::stopped;
    const bool instead = order.kind == Kind::fail_call && order.point == Point::call;
    return instead ? Outcome::stopped : Outcome::changed;
}

}  // namespace kernel::fault
