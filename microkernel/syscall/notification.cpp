// syscall/notification.cpp - signals, waits, and interrupt lines.

#include "syscall/calls.hpp"

namespace kernel {

namespace {

// Waits for bits of `mask`, or takes them at once. Deadline in x9.
Result<> wait_for(Thread& caller, Notification& from, abi::Bits mask, const Interrupt* line)
{
    if (from.waiter() != nullptr || (from.bound() != nullptr && from.bound() != &caller))
        return fail(Errc::busy);
    from.rearm();
    if (const abi::Bits bits = from.take(mask); !bits.empty()) {
        caller.finish(line != nullptr ? line->fires() : 0);
        caller.x[10] = bits.raw;
        return {};
    }
    if (caller.deadline_argument() == abi::now) {
        caller.x[10] = 0;
        return fail(Errc::timed_out);
    }
    caller.state = Thread::State::waiting;
    caller.waiting_on = &from;
    caller.waiting_irq = line;
    from.wait(caller, mask);
    this_cpu().set_deadline(caller, caller.deadline_argument());
    this_cpu().block();
    return {};
}

}  // namespace

Result<> sys_signal(Thread& caller)
{
    const auto entry =
        handles(caller).find(caller.call_slot(), abi::Kind::notification, abi::right::signal);
    if (!entry)
        return fail(entry.error());
    const abi::Bits bits{caller.argument(0) & (*entry)->data};
    caller.finish();
    static_cast<Notification*>((*entry)->object)->signal(bits);
    return {};
}

Result<> sys_wait(Thread& caller)
{
    const auto from = handles(caller).get<Notification>(caller.call_slot(), abi::right::wait);
    if (!from)
        return fail(from.error());
    return wait_for(caller, **from, abi::Bits{~u64{0}}, nullptr);
}

Result<> sys_notification_create(Thread& caller)
{
    const auto made = slabs::notifications.make();
    if (!made)
        return fail(made.error());
    using namespace abi::right;
    return install(caller, **made, duplicate | transfer | signal | wait, ~u64{0})
        .transform([&](abi::Slot slot) { caller.finish(slot.raw()); });
}

Result<> sys_notification_bind(Thread& caller)
{
    const auto target = handles(caller).get<Notification>(caller.call_slot(), abi::right::wait);
    if (!target)
        return fail(target.error());
    if (caller.bound || (*target)->bound() != nullptr || (*target)->waiter() != nullptr)
        return fail(Errc::busy);
    (*target)->bind(&caller);
    caller.bound = Ref{**target};
    caller.finish();
    return {};
}

Result<> sys_irq_register(Thread& caller)
{
    const auto line = handles(caller).get<Interrupt>(caller.call_slot(), abi::right::wait);
    if (!line)
        return fail(line.error());
    Interrupt& interrupt = **line;
    if (interrupt.owner() != nullptr && interrupt.owner() != &caller.process())
        return fail(Errc::busy);
    const abi::Slot slot{caller.argument(0)};
    if (slot == abi::no_slot) {
        interrupt.unbind();
        caller.finish();
        return {};
    }
    const auto target = handles(caller).get<Notification>(slot, abi::right::wait);
    if (!target)
        return fail(target.error());
    if (caller.argument(1) > 63)
        return fail(Errc::out_of_range);
    if (interrupt.owner() != nullptr)
        return fail(Errc::busy);
    interrupt.bind(caller.process(), **target, static_cast<unsigned>(caller.argument(1)));
    caller.finish();
    return {};
}

Result<> sys_irq_wait(Thread& caller)
{
    const auto line = handles(caller).get<Interrupt>(caller.call_slot(), abi::right::wait);
    if (!line)
        return fail(line.error());
    if ((*line)->owner() != &caller.process())
        return fail(Errc::bad_argument);
    return wait_for(caller, *(*line)->target(), (*line)->bit(), *line);
}

}  // namespace kernel
