// entropy.cpp - real interrupts and real DMA: the entropy device is asked for bytes.
#include "entropy.hpp"

#include <sys/endpoint.hpp>

namespace {

using check::equals;
using check::fails;
using check::need;
using check::that;
using check::works;

void an_interrupt_comes()
{
    Entropy e;
    fails(e.wait(sys::after_ms(1)), Errc::timed_out);
    e.ask();
    equals(need(e.wait()), 1);
    equals(e.take(), 64u);
    fails(e.wait(sys::after_ms(1)), Errc::timed_out);
}

void each_interrupt_is_counted()
{
    Entropy e;
    for (u64 i = 1; i <= 20; ++i) {
        (void)e.driver.arm();
        e.ask();
        equals(need(e.wait()), i);
        equals(e.take(), 64u);
    }
}

// By wait and by recv, as servers do.
void bits_of_an_interrupt()
{
    Entropy e;
    e.ask();
    equals(need(sys::wait(e.bell.borrow(), check::patience())), interrupt_bit);
    equals(e.take(), 64u);
    (void)e.driver.arm();
    e.ask();
    check::Threaded<Entropy, 16'384> thread{+[](Entropy& entropy) {
                                                const auto endpoint = need(sys::create_endpoint());
                                                works(sys::bind(entropy.bell.borrow()));
                                                const auto in = sys::receive(endpoint.borrow(), 0,
                                                                             check::patience());
                                                equals(in.bits, interrupt_bit);
                                                equals(in.badge, 0);
                                            },
                                            e};
    thread.join();
    equals(e.take(), 64u);
}

// It fires while nobody waits: the bit is there when somebody does.
void fired_before_the_wait()
{
    Entropy e;
    e.ask_and_fire();
    equals(need(sys::wait_interrupt(e.line.borrow(), abi::now)), 1);
    equals(e.take(), 64u);
}

// An edge that comes while the line is bound to nobody is there for who binds it next.
void an_edge_is_not_lost()
{
    Entropy e;
    e.unbind();
    e.ask();
    check::sleep_ms(3);
    e.bind();
    equals(need(e.wait()), 1);
    equals(e.take(), 64u);
}

// Unbound between the interrupt and the wait that would have armed it: the next owner hears of the
// next one.
void unbound_while_active()
{
    Entropy e;
    e.ask_and_fire();
    e.unbind();
    equals(e.take(), 64u);
    equals(need(sys::wait(e.bell.borrow(), abi::now)), interrupt_bit);  // left from the first one
    e.bind();
    (void)e.driver.arm();
    e.ask();
    equals(need(e.wait()), 1);
    equals(e.take(), 64u);
}

// A wait for the line alone: other bits do not end it, and whoever raises its own learns how often
// it fired.
void ended_by_hand()
{
    struct Waiter {
        const Entropy& entropy;
        u64 fires = 99;
    };
    Entropy e;
    e.ask();
    equals(need(e.wait()), 1);
    equals(e.take(), 64u);
    Waiter waiter{e};
    check::Threaded<Waiter> thread{+[](Waiter& w) { w.fires = need(w.entropy.wait(abi::never)); },
                                   waiter};
    check::until_others_block();
    works(sys::signal(e.bell.borrow(), abi::Bits::at(3)));
    check::until_others_block();
    equals(waiter.fires, 99);
    works(sys::signal(e.bell.borrow(), interrupt_bit));
    thread.join();
    equals(waiter.fires, 1);
    equals(need(sys::wait(e.bell.borrow(), abi::now)), abi::Bits::at(3));
}

// Delivered, and nobody waits again: the line stays silent, whatever the device does. The next wait
// arms it.
void silent_until_the_next_wait()
{
    Entropy e;
    e.ask();
    equals(need(e.wait()), 1);
    const u64 before = need(sys::system_info()).irqs;
    equals(e.take(), 64u);
    (void)e.driver.arm();
    e.ask();
    check::sleep_ms(3);
    equals(need(sys::system_info()).irqs, before);
    equals(need(e.wait()), 2);
    equals(e.take(), 64u);
}

// The device writes where it was told, and nowhere else in that memory.
void bytes_arrive()
{
    Entropy e;
    std::array<std::array<std::byte, 64>, 2> taken{};
    for (auto& bytes : taken) {
        (void)e.driver.arm();
        e.ask();
        works(e.wait());
        (void)e.virtio.acknowledge();
        const auto count = e.driver.take(bytes);
        that(count && *count && **count == 64, "not 64 bytes");
    }
    that(taken[0] != taken[1], "the same bytes twice");
    that(taken[0] != std::array<std::byte, 64>{}, "no bytes at all");
}

constexpr std::array cases{
    check::Case{"an interrupt ends the wait for it, once", an_interrupt_comes},
    check::Case{"each interrupt is counted and armed again by the next wait",
                each_interrupt_is_counted},
    check::Case{"an interrupt raises its bit for wait and for receive", bits_of_an_interrupt},
    check::Case{"an interrupt that fired before the wait ends it at once", fired_before_the_wait},
    check::Case{"an edge that came while the line was unbound is not lost", an_edge_is_not_lost},
    check::Case{"a line that is unbound while active fires for the next bind",
                unbound_while_active},
    check::Case{"a wait for a line is ended by its own bit only, and tells how often it fired",
                ended_by_hand},
    check::Case{"a line stays silent until somebody waits again", silent_until_the_next_wait},
    check::Case{"the device writes into memory that it was given", bytes_arrive},
};

}  // namespace

const check::Cases entropy_cases{cases};
