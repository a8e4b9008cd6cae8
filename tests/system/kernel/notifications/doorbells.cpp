// doorbells.cpp - signals through a handle that is good for nothing else, which go the shortest way
// to a sleeper: what that must look at. Somebody is ready all the time.
#include "cases.hpp"

#include <check/threads.hpp>
#include <sys/endpoint.hpp>

namespace {

using abi::Bits;
using check::equals;
using check::fails;
using check::need;
using check::that;
using check::Threaded;
using check::works;

namespace right = abi::right;

using Bell = sys::Handle<sys::Notification>;

// Rings when main sleeps: main is more important.
struct Ringer {
    Bell bell = need(sys::create_notification());
    Bell button = need(sys::doorbell(bell.borrow(), Bits{0xf0}));
    Bits bits = Bits::at(5);
    bool went_on = false;
};

void ring(Ringer& r)
{
    works(sys::signal(r.button.borrow(), r.bits));
    works(sys::signal(r.button.borrow(), r.bits));  // the handle is known now
    r.went_on = true;
}

void ring_later(Ringer& r)
{
    check::sleep_ms(15);
    ring(r);
}

void a_deadline_is_forgotten()
{
    Ringer first;
    Ringer later;
    Threaded<Ringer> one{&ring, first, 10};
    equals(need(sys::wait(first.bell.borrow(), sys::after_ms(8))), Bits::at(5));
    equals(need(sys::wait(first.bell.borrow(), sys::after_ms(8))), Bits::at(5));
    Threaded<Ringer> two{&ring_later, later, 10};
    equals(need(sys::wait(later.bell.borrow())), Bits::at(5));
}

void ring_the_less_important(Ringer& r)
{
    for (int i = 0; i < 2; ++i) {
        r.went_on = true;
        (void)need(sys::wait(r.bell.borrow()));
        r.went_on = false;
    }
}

bool goes_on_before(u64 priority)
{
    Ringer r;
    Threaded<Ringer> thread{&ring_the_less_important, r, priority};
    bool went_on = true;
    for (int i = 0; i < 2; ++i) {
        check::until_others_block();
        works(sys::signal(r.button.borrow(), r.bits));
        went_on = went_on && r.went_on;
    }
    thread.join();
    return went_on;
}

// Nobody is woken ahead of who signals: not the less important, not an equal. That one has its
// turn when a slice ends, which a busy host lets happen at any place.
void the_signaller_goes_on()
{
    that(goes_on_before(check::own_priority - 1), "somebody less important ran first");
    int left = check::tries(20);
    while (left > 0 && !goes_on_before(check::own_priority))
        --left;
    that(left > 0, "an equal ran first");
}

void ring_in_vain(Ringer& r)
{
    works(sys::signal(r.button.borrow(), Bits::at(5)));
    for (int i = 0; i < 3; ++i)
        works(sys::signal(r.button.borrow(), Bits::at(1)));
    works(sys::signal(r.button.borrow(), Bits::at(6)));
}

void bits_outside_of_the_mask()
{
    Ringer r;
    Threaded<Ringer> thread{&ring_in_vain, r, 10};
    equals(need(sys::wait(r.bell.borrow())), Bits::at(5));
    equals(need(sys::wait(r.bell.borrow())), Bits::at(6));
}

// A server more important than who rings.
struct Server {
    Ringer ringer;
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> client = need(sys::mint(endpoint.borrow(), 4));
    Bell go = need(sys::create_notification());
    sys::Incoming in{};
    u64 woken = 0;
};

void bind_and_pause(Server& s)
{
    works(sys::bind(s.ringer.bell.borrow()));
    need(sys::wait(s.go.borrow()));
    ++s.woken;
    s.in = sys::receive(s.endpoint.borrow(), 0);
}

void a_bound_thread_that_waits_elsewhere()
{
    Server s;
    Threaded<Server> thread{&bind_and_pause, s, 20};
    check::until_others_block();
    {
        Threaded<Ringer> ringer{&ring, s.ringer, 10};
        check::until_others_block();
    }
    equals(s.woken, 0);
    works(sys::signal(s.go.borrow(), Bits::at(0)));
    thread.join();
    equals(s.in.bits, Bits::at(5));
}

void receive_and_pause(Server& s)
{
    works(sys::bind(s.ringer.bell.borrow()));
    s.in = sys::receive(s.endpoint.borrow(), 0);
    ++s.woken;
    need(sys::wait(s.go.borrow()));
    s.in = sys::receive(s.endpoint.borrow(), 0);
    while (!s.in.request())
        s.in = sys::receive(s.endpoint.borrow(), 0);
    works(sys::reply({abi::Header::make(1, 0), {}}));
}

void receive_unbound(Server& s)
{
    s.in = sys::receive(s.endpoint.borrow(), 0);
    if (s.in.request())
        works(sys::reply({abi::Header::make(1, 8), {11}}));
}

Errc call(const Server& s, u64 ms)
{
    return sys::call(s.client.borrow(), {abi::Header::make(1, 8), {7}}, sys::after_ms(ms))
        .header.status();
}

// It receives no more when it was woken: a call stands in line.
void woken_out_of_a_receive()
{
    Server s;
    Threaded<Server> thread{&receive_and_pause, s, 20};
    check::until_others_block();
    {
        Threaded<Ringer> ringer{&ring, s.ringer, 10};
        check::until_others_block();
    }
    equals(s.woken, 1);
    equals(call(s, 3), Errc::timed_out);
    works(sys::signal(s.go.borrow(), Bits::at(0)));
    check::until_others_block();
    equals(call(s, 5'000), Errc::ok);
    thread.join();
}

// It is not the receiver that came last, who still receives then.
void woken_from_behind()
{
    Server s;
    Threaded<Server> thread{&receive_and_pause, s, 20};
    check::until_others_block();
    Server other;
    other.endpoint = need(sys::duplicate(s.endpoint.borrow(), right::receive));
    Threaded<Server> second{&receive_unbound, other, 20};
    check::until_others_block();
    {
        Threaded<Ringer> ringer{&ring, s.ringer, 10};
        check::until_others_block();
    }
    equals(s.woken, 1);
    equals(call(s, 5'000), Errc::ok);
    that(other.in.request(), "the receiver was forgotten");
    works(sys::signal(s.go.borrow(), Bits::at(0)));
    check::until_others_block();
    equals(call(s, 5'000), Errc::ok);
    thread.join();
    second.join();
}

void wait_for_ever(Ringer& r) { r.bits = need(sys::wait(r.bell.borrow())); }

// Without a deadline, while somebody could go on.
void one_waiter()
{
    Ringer r;
    const Bell ear = need(sys::duplicate(r.bell.borrow(), right::wait));
    Threaded<Ringer> thread{&wait_for_ever, r, 10};
    check::until_others_block();
    for (int i = 0; i < 2; ++i)
        fails(sys::wait(ear.borrow()), Errc::busy);
    works(sys::signal(r.button.borrow(), Bits::at(7)));
    thread.join();
    equals(r.bits, Bits::at(7));
    Server s;
    Threaded<Server> bound{&bind_and_pause, s, 20};
    check::until_others_block();
    for (int i = 0; i < 2; ++i)
        fails(sys::wait(s.ringer.bell.borrow()), Errc::busy);
    works(sys::signal(s.ringer.button.borrow(), Bits::at(5)));
    works(sys::signal(s.go.borrow(), Bits::at(0)));
    bound.join();
}

struct Spinner {
    bool stop = false;
};

// Runs a case with somebody ready all the time.
template <void (*What)()>
void beside_a_spinner()
{
    Spinner spinner;
    Threaded<Spinner> thread{+[](Spinner& s) {
                                 while (!__atomic_load_n(&s.stop, __ATOMIC_RELAXED)) {}
                             },
                             spinner, 0};
    What();
    __atomic_store_n(&spinner.stop, true, __ATOMIC_RELAXED);
    thread.join();
}

constexpr std::array cases{
    check::Case{"a doorbell ends a wait, and its deadline is forgotten",
                beside_a_spinner<a_deadline_is_forgotten>},
    check::Case{"who rings goes on before somebody no more important",
                beside_a_spinner<the_signaller_goes_on>},
    check::Case{"a doorbell without bits wakes nobody", beside_a_spinner<bits_outside_of_the_mask>},
    check::Case{"a doorbell does not wake a bound thread that waits elsewhere",
                beside_a_spinner<a_bound_thread_that_waits_elsewhere>},
    check::Case{"a server that a doorbell woke receives no more",
                beside_a_spinner<woken_out_of_a_receive>},
    check::Case{"a doorbell wakes a server behind another one, who still receives",
                beside_a_spinner<woken_from_behind>},
    check::Case{"a second waiter without a deadline is refused", beside_a_spinner<one_waiter>},
};

}  // namespace

const check::Cases doorbell_cases{cases};
