// lapses.cpp - handles that go while somebody depends on them, and debts that nobody pays.
#include "cases.hpp"
#include "served.hpp"

namespace {

using abi::Header;
using check::equals;
using check::need;
using check::that;
using check::Threaded;
using check::works;

namespace right = abi::right;

// An endpoint served by threads of this program, through `receiver`.
struct Local {
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> client = need(sys::mint(endpoint.borrow(), 6));
    sys::Handle<sys::Endpoint> receiver = serve();
    sys::Incoming got{};

    sys::Handle<sys::Endpoint> serve() const
    {
        return need(sys::duplicate(endpoint.borrow(), right::receive));
    }
    Errc call(abi::Ticks deadline) const
    {
        return sys::call(client.borrow(), {Header::make(1, 8), {1}}, deadline).header.status();
    }
};

void receive(Local& l) { l.got = sys::receive(l.receiver.borrow(), 0, check::patience()); }

// Ends without a reply: its caller is told that it will not come.
void receive_and_leave(Local& l)
{
    receive(l);
    that(l.got.request(), "no request");
}

void receive_and_reply(Local& l)
{
    receive(l);
    if (l.got.request())
        works(sys::reply({Header::make(1, 0), {}}));
}

struct Caller {
    sys::Borrowed<sys::Endpoint> client;
    Errc status = Errc::ok;
};
void call_once(Caller& c)
{
    c.status = sys::call(c.client, {Header::make(1, 0), {}}, check::patience()).header.status();
}

void receiving_through_a_closed_handle()
{
    Local local;
    Threaded<Local> thread{&receive, local};
    check::until_others_block();
    local.receiver = {};
    thread.join();
    equals(local.got.header.status(), Errc::cancelled);
    equals(local.call(abi::now), Errc::timed_out);  // nobody receives any more
}

// The master handle and every receive handle are closed: no server can ever come.
void no_hope_left()
{
    auto endpoint = need(sys::create_endpoint());
    const auto client = need(sys::mint(endpoint.borrow(), 6));
    const auto bell = need(sys::create_notification());
    works(sys::watch(client.borrow(), bell.borrow(), abi::Bits::at(4)));
    Caller caller{client.borrow()};
    Threaded<Caller> thread{&call_once, caller};
    check::until_others_block();
    endpoint = {};
    thread.join();
    equals(caller.status, Errc::gave_up);
    equals(need(sys::wait(bell.borrow(), abi::now)), abi::Bits::at(4));
    const auto again = sys::call(client.borrow(), {Header::make(1, 0), {}}, abi::never);
    equals(again.header.status(), Errc::gave_up);
}

void a_thread_leaves_its_debt()
{
    Local local;
    {
        Threaded<Local> leaver{&receive_and_leave, local};
        equals(local.call(check::patience()), Errc::peer_gone);
    }
    {
        Threaded<Local> server{&receive_and_reply, local};
        equals(local.call(check::patience()), Errc::ok);  // the endpoint was served all the time
    }
    equals(need(sys::info(local.endpoint.borrow())).epoch, 1);
    local.receiver = {};
    local.receiver = local.serve();
    Threaded<Local> server{&receive_and_reply, local};
    equals(local.call(check::patience()), Errc::peer_restarted);  // and now it was not
    equals(local.call(check::patience()), Errc::ok);
}

// A reply takes time: a server that waits never hears of a caller that has none.
void a_call_without_time()
{
    Local local;
    Threaded<Local> server{&receive_and_reply, local, 20};
    check::until_others_block();
    equals(local.call(abi::now), Errc::timed_out);
    check::until_others_block();
    equals(local.got.badge, 0);
    equals(local.call(check::patience()), Errc::ok);
}

struct Slow {
    Local local;
    u32 answer = 0;
    Errc replied = Errc::ok;
    u32 went_on = 0;
};
void answer_late(Slow& s)
{
    receive(s.local);
    while (__atomic_load_n(&s.answer, __ATOMIC_RELAXED) == 0)
        asm volatile("" ::: "memory");
    const auto done = sys::reply({Header::make(1, 0), {}});
    s.replied = done ? Errc::ok : done.error();
    __atomic_store_n(&s.went_on, u32{1}, __ATOMIC_RELAXED);
}

void spin(u32& stop)
{
    while (__atomic_load_n(&stop, __ATOMIC_RELAXED) == 0)
        asm volatile("" ::: "memory");
}

// What was lent for a call goes back with a reply, also if the caller did not wait for it.
void a_late_reply_gives_the_priority_back()
{
    Slow slow;
    u32 stop = 0;
    Threaded<Slow> server{&answer_late, slow, 5};
    check::until_others_block();
    Threaded<u32> spinner{&spin, stop, 15};
    equals(slow.local.call(sys::after_ms(2)), Errc::timed_out);
    __atomic_store_n(&slow.answer, u32{1}, __ATOMIC_RELAXED);
    check::sleep_ms(10);
    equals(__atomic_load_n(&slow.went_on, __ATOMIC_RELAXED), 0u);
    __atomic_store_n(&stop, u32{1}, __ATOMIC_RELAXED);
    server.join();
    equals(slow.replied, Errc::peer_gone);
}

constexpr std::array cases{
    check::Case{"closing the handle that a thread receives through ends the receive",
                receiving_through_a_closed_handle},
    check::Case{"an endpoint that nobody can ever serve is given up", no_hope_left},
    check::Case{"a thread that leaves its debt is told of once, and later restarts are too",
                a_thread_leaves_its_debt},
    check::Case{"a call whose deadline is now is not delivered", a_call_without_time},
    check::Case{"a late reply gives a lent priority back", a_late_reply_gives_the_priority_back},
};

}  // namespace

const check::Cases lapse_cases{cases};
