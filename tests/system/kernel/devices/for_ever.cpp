// for_ever.cpp - drivers that wait without a deadline while somebody is ready: their interrupts,
// and the waits that arm their lines again, go short ways.
#include "entropy.hpp"

#include <sys/endpoint.hpp>

namespace {

using check::equals;
using check::need;
using check::that;
using check::Threaded;
using check::works;

struct Spinner {
    bool stop = false;
};

void spin(Spinner& s)
{
    while (!__atomic_load_n(&s.stop, __ATOMIC_RELAXED)) {}
}

template <void (*What)()>
void beside_a_spinner()
{
    Spinner spinner;
    Threaded<Spinner> thread{&spin, spinner, 0};
    What();
    __atomic_store_n(&spinner.stop, true, __ATOMIC_RELAXED);
    thread.join();
}

void none_is_lost()
{
    constexpr u64 rounds = 300;
    Entropy e;
    const u64 before = need(sys::system_info()).irqs;
    for (u64 i = 1; i <= rounds; ++i) {
        (void)e.driver.arm();
        e.ask();
        equals(need(sys::wait(e.bell.borrow())), interrupt_bit);
        equals(e.take(), 64u);
    }
    equals(need(sys::system_info()).irqs - before, rounds);
    (void)e.driver.arm();
    e.ask();
    equals(need(e.wait()), rounds + 1);
    equals(e.take(), 64u);
}

// Unbound while it is active: whoever is next hears of it.
void unbound_and_bound_again()
{
    Entropy e;
    for (int i = 0; i < 20; ++i) {
        (void)e.driver.arm();
        e.ask();
        equals(need(sys::wait(e.bell.borrow())), interrupt_bit);
        equals(e.take(), 64u);
        e.unbind();
        e.bind();
    }
}

// A driver that is asked by calls, and hears of its device also between them.
struct Service {
    Entropy e;
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> client = need(sys::mint(endpoint.borrow(), 4));
    sys::Handle<sys::Endpoint> receiver =
        need(sys::duplicate(endpoint.borrow(), abi::right::receive));
    u64 heard = 0;
};

constexpr u64 service_rounds = 50;

void serve(Service& s)
{
    works(sys::bind(s.e.bell.borrow()));
    auto in = sys::receive(s.receiver.borrow(), 0);
    while (in.header.status() == Errc::ok) {
        if (!in.request()) {
            s.heard += in.bits == interrupt_bit && s.e.take() == 64 ? 1 : 0;
            in = sys::receive(s.receiver.borrow(), 0);
            continue;
        }
        equals(need(sys::wait(s.e.bell.borrow())), interrupt_bit);
        equals(s.e.take(), 64u);
        in = sys::reply_receive(s.receiver.borrow(), {abi::Header::make(1, 0), {}});
    }
}

// An interrupt while it serves, then two while it receives: each receive is a wait, and arms the
// line.
void receives_arm_it_too()
{
    Service s;
    Threaded<Service, 16'384> driver{&serve, s, 20};
    check::until_others_block();
    for (u64 i = 0; i < service_rounds; ++i) {
        (void)s.e.driver.arm();
        Threaded<Service> client{+[](Service& service) {
                                     const auto in = sys::call(service.client.borrow(),
                                                               {abi::Header::make(1, 0), {}});
                                     equals(in.header.status(), Errc::ok);
                                 },
                                 s, 10};
        check::until_others_block();
        s.e.ask();
        client.join();
        for (int n = 0; n < 2; ++n) {
            const u64 before = s.heard;
            (void)s.e.driver.arm();
            s.e.ask();
            if (!that(check::eventually(
                          [&] { return __atomic_load_n(&s.heard, __ATOMIC_RELAXED) > before; }),
                      "an interrupt was not heard of by a receive"))
                return;
        }
    }
    s.receiver = {};
    driver.join();
    equals(s.heard, 2 * service_rounds);
}

// Rings when main sleeps, which is more important: a bit that is no line's.
struct Ringer {
    const Entropy& entropy;
    sys::Handle<sys::Notification> button = need(sys::doorbell(entropy.bell.borrow(), other_bit));
    u64 rung = 0;

    static constexpr auto other_bit = abi::Bits::at(3);
};

void ring(Ringer& r)
{
    for (int i = 0; i < 2; ++i) {
        works(sys::signal(r.button.borrow(), Ringer::other_bit));
        ++r.rung;
    }
}

// What a doorbell delivered is no reason to arm a line that fired afterwards.
void doorbells_arm_nothing()
{
    Entropy e;
    Ringer ringer{e};
    Threaded<Ringer> thread{&ring, ringer, 10};
    equals(need(sys::wait(e.bell.borrow())), Ringer::other_bit);
    equals(need(sys::wait(e.bell.borrow())), Ringer::other_bit);
    e.ask_and_fire();
    equals(need(sys::wait(e.bell.borrow())), interrupt_bit);
    equals(e.take(), 64u);
    const u64 before = need(sys::system_info()).irqs;
    (void)e.driver.arm();
    e.ask();
    check::sleep_ms(3);
    equals(need(sys::system_info()).irqs, before);
    equals(need(e.wait()), 2);
    equals(e.take(), 64u);
}

void ring_then_fire(Ringer& r)
{
    ring(r);
    works(sys::signal(r.entropy.bell.borrow(), interrupt_bit));
}

// A wait for a line alone, which tells how often that fired.
void doorbells_end_no_wait_for_a_line()
{
    Entropy e;
    for (u64 fires = 1; fires <= 3; ++fires) {
        (void)e.driver.arm();
        e.ask();
        equals(need(e.wait(abi::never)), fires);
        equals(e.take(), 64u);
    }
    Ringer ringer{e};
    Threaded<Ringer> thread{&ring_then_fire, ringer, 10};
    equals(need(e.wait(abi::never)), 3);
    equals(ringer.rung, 2);
    equals(need(sys::wait(e.bell.borrow(), abi::now)), Ringer::other_bit);
}

constexpr std::array cases{
    check::Case{"interrupts of a driver that waits for ever come once each",
                beside_a_spinner<none_is_lost>},
    check::Case{"a line that woke who waited for ever can be bound again",
                beside_a_spinner<unbound_and_bound_again>},
    check::Case{"a server's receives and replies arm its line too",
                beside_a_spinner<receives_arm_it_too>},
    check::Case{"a bit that is no line's arms none", beside_a_spinner<doorbells_arm_nothing>},
    check::Case{"a doorbell does not end a wait for a line, which counts its fires",
                beside_a_spinner<doorbells_end_no_wait_for_a_line>},
};

}  // namespace

const check::Cases for_ever_cases{cases};
