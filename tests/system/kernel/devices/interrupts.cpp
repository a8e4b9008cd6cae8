// interrupts.cpp - SYS_IRQ_REGISTER and SYS_IRQ_WAIT without an interrupt: arguments, ownership,
// deadlines.
#include "cases.hpp"

#include <check/child.hpp>
#include <check/raw.hpp>
#include <check/threads.hpp>
#include <sys/interrupt.hpp>

namespace {

using check::equals;
using check::fails;
using check::need;
using check::that;
using check::works;

sys::Handle<sys::Interrupt> line() { return need(sys::interrupt(device())); }
sys::Handle<sys::Notification> bell() { return need(sys::create_notification()); }

void there_is_one_line()
{
    for (const u64 index : {u64{1}, u64{2}, u64{32}, u64{1} << 32, ~u64{0}})
        fails(sys::interrupt(device(), index), Errc::out_of_range);
    const auto first = line();
    equals(need(sys::handle_info(first.slot())).kind, abi::Kind::interrupt);
    equals(need(sys::handle_info(first.slot())).rights, abi::right::wait);
    fails(sys::duplicate(first.borrow(), abi::right::wait), Errc::denied);
}

void bad_registrations()
{
    const auto irq = line();
    const auto target = bell();
    for (const u64 bit : {u64{64}, u64{65}, u64{1} << 32, ~u64{0}})
        fails(sys::perform(abi::SYS_IRQ_REGISTER, irq.slot(), target.slot().raw(), bit),
              Errc::out_of_range);
    fails(sys::register_interrupt(irq.borrow(), {abi::Slot{4242}}, 0), Errc::bad_handle);
    fails(sys::register_interrupt(irq.borrow(), {device().slot}, 0), Errc::wrong_kind);
    const auto mute = need(sys::duplicate(target.borrow(), abi::right::signal));
    fails(sys::register_interrupt(irq.borrow(), mute.borrow(), 0), Errc::denied);
    equals(check::raw_error(check::raw_call(abi::SYS_IRQ_REGISTER, target.slot())),
           Errc::wrong_kind);
    fails(sys::wait_interrupt(irq.borrow(), abi::now),
          Errc::bad_argument);  // nothing was bound by any of these
}

void the_first_bind_wins()
{
    const auto irq = line();
    const auto again = line();
    const auto target = bell();
    const auto other = bell();
    works(sys::register_interrupt(irq.borrow(), target.borrow(), 0));
    fails(sys::register_interrupt(irq.borrow(), target.borrow(), 1), Errc::busy);
    fails(sys::register_interrupt(again.borrow(), other.borrow(), 0), Errc::busy);
    works(sys::unregister_interrupt(again.borrow()));  // the same line
    works(sys::register_interrupt(again.borrow(), other.borrow(), 63));
    works(sys::unregister_interrupt(irq.borrow()));
}

void unbinding_nothing()
{
    const auto irq = line();
    works(sys::unregister_interrupt(irq.borrow()));
    works(sys::unregister_interrupt(irq.borrow()));
    fails(sys::wait_interrupt(irq.borrow(), abi::now), Errc::bad_argument);
}

void waits_have_deadlines()
{
    const auto irq = line();
    const auto target = bell();
    works(sys::register_interrupt(irq.borrow(), target.borrow(), 5));
    fails(sys::wait_interrupt(irq.borrow(), abi::now), Errc::timed_out);
    for (const u64 micro : {u64{50}, u64{2'000}}) {
        const abi::Ticks deadline = sys::after(sys::microseconds(micro));
        fails(sys::wait_interrupt(irq.borrow(), deadline), Errc::timed_out);
        that(sys::now() >= deadline, "returned before its deadline");
    }
    works(sys::unregister_interrupt(irq.borrow()));
}

// A signal by hand raises the same bit: the wait ends, and says that the line did not fire.
void bits_by_hand()
{
    const auto irq = line();
    const auto target = bell();
    works(sys::register_interrupt(irq.borrow(), target.borrow(), 5));
    works(sys::signal(target.borrow(), abi::Bits::at(6)));
    fails(sys::wait_interrupt(irq.borrow(), abi::now), Errc::timed_out);  // another bit
    works(sys::signal(target.borrow(), abi::Bits::at(5)));
    equals(need(sys::wait_interrupt(irq.borrow(), abi::now)), 0);
    equals(need(sys::wait(target.borrow(), abi::now)), abi::Bits::at(6));  // left where it was
    works(sys::unregister_interrupt(irq.borrow()));
}

// One waits at a time, for the line and for the whole notification alike.
void one_waiter()
{
    const auto irq = line();
    const auto target = bell();
    works(sys::register_interrupt(irq.borrow(), target.borrow(), 5));
    struct Waiter {
        sys::Borrowed<sys::Notification> target;
        abi::Bits got{};
    };
    Waiter waiter{target.borrow()};
    check::Threaded<Waiter> thread{
        +[](Waiter& w) { w.got = sys::wait(w.target, check::patience()).value_or(abi::Bits{}); },
        waiter};
    check::until_others_block();
    fails(sys::wait_interrupt(irq.borrow(), abi::now), Errc::busy);
    fails(sys::wait_interrupt(irq.borrow()), Errc::busy);
    works(sys::signal(target.borrow(), abi::Bits::at(9)));
    thread.join();
    equals(waiter.got, abi::Bits::at(9));
    fails(sys::wait_interrupt(irq.borrow(), abi::now), Errc::timed_out);
    works(sys::unregister_interrupt(irq.borrow()));
}

// The notification lives as long as the line is bound to it.
void the_line_keeps_its_notification()
{
    const auto irq = line();
    {
        const auto target = bell();
        works(sys::register_interrupt(irq.borrow(), target.borrow(), 1));
    }
    fails(sys::wait_interrupt(irq.borrow(), sys::after_ms(1)), Errc::timed_out);
    works(sys::unregister_interrupt(irq.borrow()));
}

constexpr std::array cases{
    check::Case{"a device has one interrupt, which stays with its owner", there_is_one_line},
    check::Case{"a bad bit or notification is refused, and binds nothing", bad_registrations},
    check::Case{"a line is bound once, until it is unbound", the_first_bind_wins},
    check::Case{"unbinding a line that is not bound does nothing", unbinding_nothing},
    check::Case{"waiting for an interrupt ends at the deadline", waits_have_deadlines},
    check::Case{"a bit raised by hand ends the wait without a fire", bits_by_hand},
    check::Case{"a line whose notification somebody waits on is busy", one_waiter},
    check::Case{"a bound line keeps its notification", the_line_keeps_its_notification},
};

}  // namespace

const check::Cases interrupt_cases{cases};
