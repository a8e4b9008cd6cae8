// fault/order.cpp - orders come, events are counted, reports go.

#include "fault/order.hpp"

#include "console.hpp"
#include "object/slabs.hpp"
#include "sched/cpu.hpp"
#include "syscall/calls.hpp"

#include <algorithm>

#include <base/text.hpp>

namespace kernel::fault {

constinit Order order;

namespace {

constexpr usize max_processes = 512;
constinit std::array<Process*, max_processes> living{};
constinit usize living_count = 0;

void bind(Process& victim)
{
    order.victim = &victim;
    order.report.state = abi::FaultState::armed;
    order.report.epoch = victim.epoch();
}

// Threads of it that run on other CPUs come by, so that they are stepped.
void call_in(const Process& victim)
{
    for (u32 i = 0; i < cpus_online; ++i)
        if (const Thread* const there = cpus[i].current();
            there != nullptr && &cpus[i] != &this_cpu() && &there->process() == &victim)
            gic.send_ipi(cpus[i].index());
}

bool fits_point(Kind kind, Point point)
{
    using enum Kind;
    switch (kind) {
    case fail_call:
        return point == Point::call || point == Point::called;
    case drop_interrupt:
    case duplicate_interrupt:
    case delay_interrupt:
        return point == Point::interrupt;
    case duplicate_message:
        return point == Point::message;
    case drop_message:
    case corrupt_message:
        return point == Point::message || point == Point::reply;
    case count:
        return true;
    default:
        return point != Point::none;
    }
}

// The order that the registers say, if they say one.
Result<Order> decode(const Thread& caller)
{
    using Word = abi::FaultWord;
    const u64 word = caller.argument(0);
    const u64 kind = Word::Kind::get(word);
    const u64 point = Word::Point::get(word);
    const u64 flags = Word::Flags::get(word);
    if (word >> 32 != 0 || kind >= abi::fault_kinds || point >= abi::fault_points
        || flags > (abi::FaultFlags::next | abi::FaultFlags::near) || caller.argument(3) == 0)
        return fail(Errc::bad_argument);
    Order asked{.kind = static_cast<Kind>(kind),
                .point = static_cast<Point>(point),
                .flags = flags,
                .number = order.number + 1,
                .next = caller.argument(3),
                .period = caller.argument(5),
                .seed = caller.argument(4),
                .detail = caller.argument(6)};
    asked.name = std::bit_cast<abi::Name>(std::array{caller.argument(1), caller.argument(2)});
    if (!fits_point(asked.kind, asked.point))
        return fail(Errc::bad_argument);
    return asked;
}

Result<> arm(Thread& caller)
{
    const auto asked = decode(caller);
    if (!asked)
        return fail(asked.error());
    const bool next = (asked->flags & abi::FaultFlags::next) != 0;
    Process* const victim = next ? nullptr : find(text::of(asked->name));
    if (!next && victim == nullptr)
        return fail(Errc::not_found);
    if (victim == &caller.process() || (victim != nullptr && victim->is_init()))
        return fail(Errc::denied);
    order = *asked;
    order.report.state = abi::FaultState::expected;
    if (victim != nullptr)
        bind(*victim), call_in(*victim);
    caller.finish(order.report.epoch);
    return {};
}

Result<> carry_out(Thread& caller)
{
    switch (static_cast<abi::FaultAction>(abi::FaultWord::Action::get(caller.argument(0)))) {
    case abi::FaultAction::arm:
        return arm(caller);
    case abi::FaultAction::disarm:
        order = {.number = order.number + 1, .report = order.report};
        order.report.state = abi::FaultState::idle;
        caller.finish();
        return {};
    case abi::FaultAction::read:
        to_message(caller, order.report);
        caller.finish();
        return {};
    default:
        return fail(Errc::bad_argument);
    }
}

}  // namespace

std::span<Process* const> processes() { return std::span{living}.first(living_count); }

Process* find(std::string_view name)
{
    for (usize i = living_count; i-- > 0;)
        if (living[i]->name() == name && !living[i]->dead())
            return living[i];
    return nullptr;
}

bool reaches(const Process& process, Point point)
{
    if (order.victim != &process)
        return false;
    const u64 event = ++order.report.events[static_cast<usize>(point)];
    return point == order.point && order.kind != Kind::count && event >= order.next;
}

void fired(const Thread* thread, const Change& change)
{
    fired(thread, change, thread != nullptr ? thread->pc : 0);
}

void fired(const Thread* thread, const Change& change, u64 pc)
{
    const u64 event = order.report.events[static_cast<usize>(order.point)];
    order.next = order.period == 0 ? Order::never : event + order.period;
    if (order.report.fired_count++ > 0)
        return;
    order.report.state = abi::FaultState::fired;
    order.report.ticks = sysreg::cntvct();
    order.report.pc = pc;
    order.report.thread = thread != nullptr ? thread->index() : 0;
    order.report.address = change.address;
    order.report.before = change.before;
    order.report.after = change.after;
    order.report.detail = change.detail;
}

void missed() { ++order.report.missed; }

bool at_point(Thread& thread, Point point)
{
    return reaches(thread.process(), point) && inject(thread) == Outcome::stopped;
}

void on_made(Process& process)
{
    if (living_count == max_processes)
        panic("more processes than can be told apart");
    living[living_count++] = &process;
    if (order.report.state == abi::FaultState::expected && process.name() == text::of(order.name))
        bind(process);
}

void on_ended(Process& process)
{
    const auto left = std::ranges::remove(std::span{living}.first(living_count), &process);
    living_count -= left.size();
    forget_messages(process);
    forget_interrupts(process);
    if (order.victim != &process)
        return;
    order.victim = nullptr;
    order.report.state = abi::FaultState::ended;
    order.report.end_ticks = sysreg::cntvct();
}

bool on_order(Thread& caller)
{
    if (abi::CallNumber::get(caller.x[8]) != static_cast<u64>(abi::fault_call))
        return false;
    if (const auto done = carry_out(caller); !done)
        caller.x[0] = static_cast<u64>(done.error());
    return true;
}

bool on_call(Thread& caller)
{
    caller.fault.in_call = true;
    look_at_release(caller);
    if (&caller.process() != order.victim)
        return false;
    if (order.live())
        look_at_queues(caller.process());
    return at_point(caller, Point::call);
}

bool on_return(Thread& thread, u32 cpu)
{
    if (&thread.process() != order.victim) {
        thread.fault.in_call = false;
        set_debug(nullptr, cpu);
        return false;
    }
    if (std::exchange(thread.fault.in_call, false)) {
        thread.fault.goes_on = true;
        if (at_point(thread, Point::called))
            return true;
        if (order.steps() && at_point(thread, Point::step))
            return true;
    }
    if (std::exchange(order.due, false) && inject(thread) == Outcome::stopped)
        return true;
    set_debug(order.steps() ? &thread : nullptr, cpu);
    return false;
}

bool on_exception(Thread& thread)
{
    const u64 exception_class = sysreg::esr() >> 26 & 0x3f;
    constexpr u64 data_abort = 0x24;
    if (took_debug_exception(thread, exception_class))
        return true;
    return exception_class == data_abort && took_device_access(thread, sysreg::far());
}

}  // namespace kernel::fault
