// syscall/notification.cpp - signals, waits, and interrupt lines.

#include "syscall/calls.hpp"

namespace kernel {

namespace {

// Nobody else waits on it, or may.
Result<> check_free(const Thread& caller, const Notification& from)
{
    if (from.waiter() != nullptr || (from.bound() != nullptr && from.bound() != &caller))
        return fail(Errc::busy);
    return {};
}

// Takes bits of `mask`, or waits for them. Deadline in x9.
Result<> take_or_wait(Thread& caller, Notification& from, abi::Bits mask, const Interrupt* line)
{
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

constexpr abi::Bits all_bits{~u64{0}};

Result<Notification*> waitable(Thread& caller)
{
    const auto from = handles(caller).get<Notification>(caller.call_slot(), abi::right::wait);
    if (!from)
        return from;
    if (const auto free = check_free(caller, **from); !free)
        return fail(free.error());
    return from;
}

}  // namespace

Result<Bell> Bell::find(Thread& caller, abi::Slot slot, u64 bits)
{
    const auto entry = handles(caller).find(slot, abi::Kind::notification, abi::right::signal);
    if (!entry)
        return fail(entry.error());
    return Bell{static_cast<Notification*>((*entry)->object), abi::Bits{bits & (*entry)->data}};
}

Result<> sys_signal(Thread& caller)
{
    const auto bell = Bell::find(caller, caller.call_slot(), caller.argument(0));
    if (!bell)
        return fail(bell.error());
    caller.finish();
    bell->ring();
    return {};
}

Result<> sys_wait(Thread& caller)
{
    const auto from = waitable(caller);
    if (!from)
        return fail(from.error());
    return take_or_wait(caller, **from, all_bits, nullptr);
}

Result<> sys_signal_wait(Thread& caller)
{
    const auto from = waitable(caller);
    if (!from)
        return fail(from.error());
    const auto bell = Bell::find(caller, abi::Slot{caller.argument(0)}, caller.argument(1));
    if (!bell)
        return fail(bell.error());
    bell->ring();
    return take_or_wait(caller, **from, all_bits, nullptr);
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
    Notification& target = *(*line)->target();
    if (const auto free = check_free(caller, target); !free)
        return free;
    return take_or_wait(caller, target, (*line)->bit(), *line);
}

}  // namespace kernel
