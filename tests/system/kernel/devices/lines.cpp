// lines.cpp - a line that fires much, while it is masked, while it is in use, and for one owner
// after another.
#include "entropy.hpp"

namespace {

using check::equals;
using check::fails;
using check::need;
using check::works;

// Asks, and gives the device time to answer.
void answer(Entropy& e)
{
    (void)e.driver.arm();
    e.ask();
    check::sleep_ms(2);
}

// A busy host answers later.
void take_answer(Entropy& e)
{
    for (int i = 0; i < 500; ++i) {
        if (e.take() == 64)
            return;
        check::sleep_ms(1);
    }
    check::stop("the device does not answer", check::Where::current());
}

// As fast as the device can: none is lost, none comes twice, nobody else is told.
void a_storm_is_counted()
{
    constexpr u64 rounds = 500;
    Entropy e;
    const u64 before = need(sys::system_info()).irqs;
    for (u64 i = 1; i <= rounds; ++i) {
        (void)e.driver.arm();
        e.ask();
        equals(need(e.wait()), i);
        equals(e.take(), 64u);
    }
    equals(need(sys::system_info()).irqs - before, rounds);
    fails(e.wait(sys::after_ms(1)), Errc::timed_out);
}

// The driver's fault: it hears of nothing more until it has looked at its device, and nothing
// else does.
void a_device_that_is_not_silenced()
{
    Entropy e;
    e.ask();
    equals(need(e.wait()), 1);
    fails(e.wait(sys::after_ms(2)), Errc::timed_out);
    fails(e.wait(sys::after_ms(2)), Errc::timed_out);
    equals(e.take(), 64u);
    (void)e.driver.arm();
    e.ask();
    equals(need(e.wait()), 2);
    equals(e.take(), 64u);
}

void edges_of_a_masked_line_are_one()
{
    Entropy e;
    e.unbind();
    for (int i = 0; i < 3; ++i) {
        answer(e);
        take_answer(e);
    }
    e.bind();
    equals(need(e.wait()), 1);
    fails(e.wait(sys::after_ms(1)), Errc::timed_out);
}

// Active, and another edge on top of it.
void edges_of_an_active_line_are_one()
{
    Entropy e;
    e.ask();
    equals(need(e.wait()), 1);
    take_answer(e);
    for (int i = 0; i < 3; ++i) {
        answer(e);
        take_answer(e);
    }
    equals(need(e.wait()), 2);
    fails(e.wait(sys::after_ms(1)), Errc::timed_out);
}

// What waits while the line changes hands is for the new one, and for it alone.
void the_next_notification_is_told()
{
    Entropy e;
    const auto next = need(sys::create_notification());
    e.unbind();
    answer(e);
    works(sys::register_interrupt(e.line.borrow(), next.borrow(), 3));
    equals(need(sys::wait(next.borrow(), check::patience())), abi::Bits::at(3));
    fails(sys::wait(e.bell.borrow(), abi::now), Errc::timed_out);
    take_answer(e);
}

// A bit that was delivered before the line was unbound is no reason to arm it: only a wait after
// the new delivery is.
void an_old_delivery_arms_nothing()
{
    Entropy e;
    e.ask();
    equals(need(e.wait()), 1);
    take_answer(e);
    e.unbind();
    e.bind();
    (void)e.driver.arm();
    e.ask_and_fire();
    equals(need(e.wait()), 1);
    take_answer(e);
    const u64 before = need(sys::system_info()).irqs;
    answer(e);
    take_answer(e);
    equals(need(sys::system_info()).irqs, before);
    equals(need(e.wait()), 2);
}

// In every state that a line can be in when it is unbound.
void bound_again_and_again()
{
    Entropy e;
    for (int i = 0; i < 30; ++i) {
        if (i % 3 == 0)
            e.unbind();
        answer(e);
        if (i % 3 == 1)
            e.unbind();
        if (i % 3 != 2)
            e.bind();
        if (i % 3 != 1)
            equals(need(e.wait()), 1);
        take_answer(e);
        e.unbind();
        e.bind();
        (void)sys::wait(e.bell.borrow(), abi::now);
        answer(e);
        equals(need(e.wait()), 1);
        take_answer(e);
        e.unbind();
        e.bind();
    }
}

constexpr std::array cases{
    check::Case{"a storm of interrupts is counted to the last one", a_storm_is_counted},
    check::Case{"a device that is not silenced is not heard again", a_device_that_is_not_silenced},
    check::Case{"edges of a masked line are one interrupt", edges_of_a_masked_line_are_one},
    check::Case{"edges of an active line are one interrupt", edges_of_an_active_line_are_one},
    check::Case{"an edge between two owners is for the second one", the_next_notification_is_told},
    check::Case{"a line is not armed by what it delivered before it was unbound",
                an_old_delivery_arms_nothing},
    check::Case{"a line that is bound again in any state fires", bound_again_and_again},
};

}  // namespace

const check::Cases line_cases{cases};
