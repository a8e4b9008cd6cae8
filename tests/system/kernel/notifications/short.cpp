// short.cpp - waits and receives without a deadline, which go short ways through the kernel: what
// they must not leave out.
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

struct Waiter {
    Bell bell = need(sys::create_notification());
    Bits got{};
};

void wait_once(Waiter& w) { w.got = need(sys::wait(w.bell.borrow())); }

// It wakes somebody, and goes on before that one runs.
void the_signaller_goes_on()
{
    Waiter waiter;
    Threaded<Waiter> thread{&wait_once, waiter, check::own_priority - 1};
    check::until_others_block();
    works(sys::signal(waiter.bell.borrow(), Bits::at(5)));
    equals(waiter.got, Bits{});
    thread.join();
    equals(waiter.got, Bits::at(5));
}

void waiting_needs_the_right()
{
    const Bell bell = need(sys::create_notification());
    const Bell deaf = need(sys::duplicate(bell.borrow(), right::signal));
    works(sys::signal(bell.borrow(), Bits::at(5)));
    fails(sys::wait(deaf.borrow()), Errc::denied);
    equals(need(sys::wait(bell.borrow(), abi::now)), Bits::at(5));
}

// A server that binds a notification: in a thread of its own.
struct Server {
    Bell bell = need(sys::create_notification());
    Bell other = need(sys::create_notification());
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> client = need(sys::mint(endpoint.borrow(), 4));
    sys::Handle<sys::Endpoint> receiver = need(sys::duplicate(endpoint.borrow(), right::receive));
    sys::Incoming in{};
    u32 handles = 0;
};

void bits_are_pending()
{
    Server server;
    Threaded<Server> thread{+[](Server& s) {
                                works(sys::bind(s.bell.borrow()));
                                works(sys::signal(s.bell.borrow(), Bits::at(5)));
                                s.in = sys::signal_receive(s.receiver.borrow(), 0, s.other.borrow(),
                                                           Bits::at(4));
                            },
                            server};
    thread.join();
    equals(server.in.bits, Bits::at(5));
    equals(need(sys::wait(server.other.borrow(), abi::now)), Bits::at(4));
}

void call_once(Server& s)
{
    const auto in = sys::call(s.client.borrow(), {abi::Header::make(3, 8), {77}});
    equals(in.header.status(), Errc::ok);
}

void a_caller_is_in_line()
{
    Server server;
    Threaded<Server> caller{&call_once, server};
    check::until_others_block();
    Threaded<Server> thread{+[](Server& s) {
                                works(sys::bind(s.bell.borrow()));
                                s.in = sys::receive(s.receiver.borrow(), 0);
                                works(sys::reply({abi::Header::make(3, 0), {}}));
                            },
                            server};
    thread.join();
    caller.join();
    that(server.in.request(), "no request");
    equals(server.in.words[0], 77);
}

u32 handles_used() { return need(sys::info(check::self())).handles_used; }

// Slots for a message that did not come: bits did.
void slots_come_back()
{
    Server server;
    Threaded<Server> thread{+[](Server& s) {
                                works(sys::bind(s.bell.borrow()));
                                s.in = sys::receive(s.receiver.borrow(), 3);
                                s.handles = handles_used();
                            },
                            server};
    check::until_others_block();
    const u32 waiting = handles_used();
    works(sys::signal(server.bell.borrow(), Bits::at(5)));
    thread.join();
    equals(server.in.bits, Bits::at(5));
    equals(server.handles, waiting - 3);
}

constexpr std::array cases{
    check::Case{"who signals somebody less important goes on", the_signaller_goes_on},
    check::Case{"a wait without the right is refused although bits are there",
                waiting_needs_the_right},
    check::Case{"a fused receive brings the bits that were there already", bits_are_pending},
    check::Case{"a receive brings the call that stands in line already", a_caller_is_in_line},
    check::Case{"slots reserved for a receive that bits end come back", slots_come_back},
};

}  // namespace

const check::Cases short_cases{cases};
