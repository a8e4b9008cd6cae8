// notifications/main.cpp - bits stay until they are taken, masks shrink, one waits at a time, and a
// receive brings them along.
#include "cases.hpp"

#include <check/child.hpp>
#include <check/threads.hpp>

namespace {

using abi::Bits;
using abi::Header;
using check::equals;
using check::fails;
using check::need;
using check::that;
using check::Threaded;
using check::works;

namespace right = abi::right;

using Bell = sys::Handle<sys::Notification>;

Bell make() { return need(sys::create_notification()); }

Bits taken(const Bell& bell) { return sys::wait(bell.borrow(), abi::now).value_or(Bits{}); }

void bits_stay()
{
    const Bell bell = make();
    fails(sys::wait(bell.borrow(), abi::now), Errc::timed_out);
    works(sys::signal(bell.borrow(), Bits::at(3)));
    works(sys::signal(bell.borrow(), Bits::at(63)));
    works(sys::signal(bell.borrow(), Bits::at(3)));
    works(sys::signal(bell.borrow(), Bits{}));
    equals(taken(bell), Bits::at(3) | Bits::at(63));
    fails(sys::wait(bell.borrow(), abi::now), Errc::timed_out);  // all were taken
}

void every_bit()
{
    const Bell bell = make();
    for (unsigned n = 0; n < 64; ++n) {
        works(sys::signal(bell.borrow(), Bits::at(n)));
        equals(taken(bell), Bits::at(n));
    }
    works(sys::signal(bell.borrow(), Bits{~u64{0}}));
    equals(taken(bell), Bits{~u64{0}});
}

void masks_shrink()
{
    const Bell bell = make();
    equals(need(sys::handle_info(bell.slot())).mask_or_badge, ~u64{0});
    const auto half =
        need(sys::duplicate(bell.borrow(), right::signal | right::duplicate, Bits{0xff00}));
    const auto less =
        need(sys::duplicate(half.borrow(), right::signal | right::duplicate, Bits{0x0ff0}));
    const auto back =
        need(sys::duplicate(less.borrow(), right::signal | right::duplicate, Bits{~u64{0}}));
    equals(need(sys::handle_info(less.slot())).mask_or_badge, 0x0f00);
    equals(need(sys::handle_info(back.slot())).mask_or_badge, 0x0f00);
    works(sys::signal(back.borrow(), Bits{~u64{0}}));
    equals(taken(bell), Bits{0x0f00});
    const auto mute = need(sys::duplicate(bell.borrow(), right::signal, Bits{}));
    works(sys::signal(mute.borrow(), Bits{~u64{0}}));
    fails(sys::wait(bell.borrow(), abi::now), Errc::timed_out);
}

void granted_masks_stay()
{
    const Bell bell = make();
    const auto narrow = need(sys::duplicate(
        bell.borrow(), right::signal | right::transfer | right::duplicate, Bits::at(9)));
    check::Starter starter{"spin", {.priority = 10}};
    starter.grant("ready", narrow.slot(), abi::Kind::notification,
                  right::signal);  // it raises bit 0
    const auto child = starter.run();
    check::sleep_ms(2);
    fails(sys::wait(bell.borrow(), abi::now), Errc::timed_out);
}

struct Waiter {
    sys::Borrowed<sys::Notification> bell;
    Bits got{};
    Errc status = Errc::ok;
};

void wait_once(Waiter& w)
{
    const auto bits = sys::wait(w.bell, check::patience());
    w.got = bits.value_or(Bits{});
    w.status = bits ? Errc::ok : bits.error();
}

void a_signal_wakes()
{
    const Bell bell = make();
    Waiter waiter{bell.borrow()};
    Threaded<Waiter> thread{&wait_once, waiter};
    check::until_others_block();
    works(sys::signal(bell.borrow(), Bits::at(7)));
    thread.join();
    equals(waiter.got, Bits::at(7));
    fails(sys::wait(bell.borrow(), abi::now), Errc::timed_out);  // delivered, not left
}

void one_waiter()
{
    const Bell bell = make();
    Waiter waiter{bell.borrow()};
    Threaded<Waiter> thread{&wait_once, waiter};
    check::until_others_block();
    fails(sys::wait(bell.borrow(), abi::now), Errc::busy);
    fails(sys::wait(bell.borrow(), sys::after_ms(1)), Errc::busy);
    fails(sys::bind(bell.borrow()), Errc::busy);
    works(sys::signal(bell.borrow(), Bits::at(0)));
    thread.join();
    equals(waiter.status, Errc::ok);
    fails(sys::wait(bell.borrow(), abi::now), Errc::timed_out);
}

// The last handle is closed under a thread that waits.
void a_waiter_of_nothing()
{
    Bell bell = make();
    Waiter waiter{bell.borrow()};
    Threaded<Waiter> thread{&wait_once, waiter};
    check::until_others_block();
    bell = {};
    thread.join();
    equals(waiter.status, Errc::cancelled);
}

// Binding lasts as long as its thread: each case that binds does so in one of its own.
struct Bound {
    Bell bell = make();
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> client = need(sys::mint(endpoint.borrow(), 4));
    sys::Handle<sys::Endpoint> receiver = need(sys::duplicate(endpoint.borrow(), right::receive));

    abi::Ticks deadline{};

    sys::Incoming receive(abi::Ticks until) const
    {
        return sys::receive(receiver.borrow(), 0, until);
    }
};

void in_a_thread(void (*body)(Bound&), abi::Ticks deadline = check::patience())
{
    Bound bound;
    bound.deadline = deadline;
    Threaded<Bound, 32'768> thread{body, bound};  // with room for a thread in it
    thread.join();
}

void bound_bits_come_with_a_receive()
{
    in_a_thread(+[](Bound& b) {
        works(sys::bind(b.bell.borrow()));
        equals(b.receive(abi::now).header.status(), Errc::timed_out);
        works(sys::signal(b.bell.borrow(), Bits::at(5)));
        const auto in = b.receive(abi::now);
        equals(in.header.status(), Errc::ok);
        equals(in.badge, 0);
        equals(in.bits, Bits::at(5));
        equals(b.receive(abi::now).header.status(), Errc::timed_out);
        const auto late = b.receive(sys::after_ms(1));
        equals(late.header.status(), Errc::timed_out);
        equals(late.bits, Bits{});
    });
}

// A receive with bits pending checks its header as any other.
void impossible_receives()
{
    in_a_thread(+[](Bound& b) {
        works(sys::bind(b.bell.borrow()));
        works(sys::signal(b.bell.borrow(), Bits::at(5)));
        for (unsigned take = 5; take < 8; ++take)
            for (const abi::Ticks deadline : {abi::now, abi::never})
                equals(sys::receive(b.receiver.borrow(), take, deadline).header.status(),
                       Errc::bad_argument);
        equals(b.receive(abi::now).bits, Bits::at(5));
    });
}

struct Ringer {
    const Bound& bound;
    u64 wait_ms;
};

void bits_wake_a_receive()
{
    constexpr auto body = +[](Bound& b) {
        works(sys::bind(b.bell.borrow()));
        Ringer ringer{b, 2};
        Threaded<Ringer> thread{+[](Ringer& r) {
                                    check::sleep_ms(r.wait_ms);
                                    works(sys::signal(r.bound.bell.borrow(), Bits::at(6)));
                                },
                                ringer};
        const auto in = b.receive(b.deadline);
        equals(in.header.status(), Errc::ok);
        equals(in.badge, 0);
        equals(in.bits, Bits::at(6));
    };
    in_a_thread(body);
    in_a_thread(body, abi::never);
}

struct Caller {
    const Bound& bound;
    Errc status = Errc::ok;
};
void call_once(Caller& c)
{
    c.status = sys::call(c.bound.client.borrow(), {Header::make(3, 8), {77}}, check::patience())
                   .header.status();
}

// A message and bits at once.
void bits_and_a_message()
{
    in_a_thread(+[](Bound& b) {
        works(sys::bind(b.bell.borrow()));
        Caller caller{b};
        Threaded<Caller> thread{&call_once, caller};
        check::until_others_block();
        works(sys::signal(b.bell.borrow(), Bits::at(1) | Bits::at(40)));
        const auto in = b.receive(abi::now);
        that(in.request(), "no request");
        equals(in.badge, 4);
        equals(in.words[0], 77);
        equals(in.bits, Bits::at(1) | Bits::at(40));
        need(sys::reply({Header::make(3, 0), {}}));
        thread.join();
        equals(caller.status, Errc::ok);
    });
}

// The end of a badge and bits at once.
void bits_and_a_badge()
{
    in_a_thread(+[](Bound& b) {
        works(sys::bind(b.bell.borrow()));
        (void)need(sys::mint(b.endpoint.borrow(), 88));
        works(sys::signal(b.bell.borrow(), Bits::at(2)));
        const auto in = b.receive(abi::now);
        that(in.gone(), "not told that the badge ended");
        equals(in.badge, 88);
        equals(in.bits, Bits::at(2));
    });
}

// A request that was received leaves bits that come later for the next receive.
void bits_while_serving()
{
    in_a_thread(+[](Bound& b) {
        works(sys::bind(b.bell.borrow()));
        Caller caller{b};
        Threaded<Caller> thread{&call_once, caller};
        that(b.receive(check::patience()).request(), "no request");
        works(sys::signal(b.bell.borrow(), Bits::at(8)));
        const auto in = sys::reply_receive(b.receiver.borrow(), {Header::make(3, 0), {}}, abi::now);
        equals(in.bits, Bits::at(8));
        equals(in.badge, 0);
        thread.join();
        equals(caller.status, Errc::ok);
    });
}

void bound_once()
{
    in_a_thread(+[](Bound& b) {
        const Bell other = make();
        works(sys::bind(b.bell.borrow()));
        fails(sys::bind(b.bell.borrow()), Errc::busy);
        fails(sys::bind(other.borrow()), Errc::busy);
        works(sys::signal(b.bell.borrow(), Bits::at(0)));
        equals(need(sys::wait(b.bell.borrow(), abi::now)),
               Bits::at(0));  // a plain wait still works for this thread
        Waiter waiter{b.bell.borrow()};
        Threaded<Waiter> thread{&wait_once, waiter};
        thread.join();
        equals(waiter.status, Errc::busy);  // and for no other
        const Bell mute = need(sys::duplicate(other.borrow(), right::signal));
        fails(sys::bind(mute.borrow()), Errc::denied);
    });
}

// With its thread the binding goes.
void bound_again_after_the_thread()
{
    Bound bound;
    for (int i = 0; i < 3; ++i) {
        Threaded<Bound> thread{+[](Bound& b) { works(sys::bind(b.bell.borrow())); }, bound};
        thread.join();
    }
}

// A thread that waits is killed; its notification serves the next one.
void a_dead_waiter_is_forgotten()
{
    const Bell go = make();
    const Bell ready = make();
    for (int i = 0; i < 2; ++i) {
        check::Starter starter{"ping"};
        starter.grant("go", go.slot(), abi::Kind::notification, right::wait);
        starter.grant("ready", ready.slot(), abi::Kind::notification, right::signal);
        const auto child = starter.run();
        for (int round = 0; round < 20; ++round) {
            equals(need(sys::wait(ready.borrow(), check::patience())), Bits::at(0));
            works(sys::signal(go.borrow(), Bits::at(1)));
        }
        need(sys::wait(ready.borrow(), check::patience()));
        child.kill();
    }
    works(sys::signal(go.borrow(), Bits::at(2)));
    equals(taken(go), Bits::at(2));
}

constexpr std::array cases{
    check::Case{"bits are sticky, merge, and are taken together", bits_stay},
    check::Case{"each of the 64 bits works", every_bit},
    check::Case{"the mask of a signal handle only shrinks", masks_shrink},
    check::Case{"a granted handle keeps its mask", granted_masks_stay},
    check::Case{"a signal wakes the waiter and is delivered once", a_signal_wakes},
    check::Case{"a second waiter is refused", one_waiter},
    check::Case{"closing the last handle ends the wait on it", a_waiter_of_nothing},
    check::Case{"bits of the bound notification come with a receive",
                bound_bits_come_with_a_receive},
    check::Case{"a receive of more than four handles is refused, with bits pending too",
                impossible_receives},
    check::Case{"bits wake a receive", bits_wake_a_receive},
    check::Case{"bits and a message come together", bits_and_a_message},
    check::Case{"bits and the end of a badge come together", bits_and_a_badge},
    check::Case{"bits that come while serving are there at the next receive", bits_while_serving},
    check::Case{"a notification is bound to one thread, and a thread to one notification",
                bound_once},
    check::Case{"a binding ends with its thread", bound_again_after_the_thread},
    check::Case{"a waiter that is killed is forgotten", a_dead_waiter_is_forgotten},
};

}  // namespace

int app_main(const sys::Startup& given)
{
    return check::run(given, {cases, fused_cases, bound_cases, short_cases, doorbell_cases});
}
