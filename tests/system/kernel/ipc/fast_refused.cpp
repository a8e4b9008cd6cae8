// fast_refused.cpp - what the short ways leave to the long ones, while somebody is ready to go on.
#include "cases.hpp"
#include "ways.hpp"

#include <check/raw.hpp>

namespace {

using abi::Header;
using check::equals;
using check::need;
using check::that;
using check::Threaded;
using check::works;
using ways::Server;
using ways::Spinner;

constexpr sys::Letter letter{Header::make(1, 8), {7}};

// Receives although it owes a reply.
void receive_in_debt(Server& s)
{
    s.bind();
    const auto in = s.receive();
    s.status = s.receive().header.status();
    works(sys::reply(ways::complement(in)));
}

void debts_first()
{
    const Spinner spinner{0};
    for (const ways::Way way : ways::all) {
        ways::Running running{way, &receive_in_debt, 20};
        equals(running.server.ask(), ways::answer_status);
        running.stop();
        equals(running.server.status, Errc::busy);
    }
}

// One of several that serve an endpoint.
struct Clerk {
    Server& server;
    sys::Handle<sys::Notification> go = need(sys::create_notification());
    u64 taken = 0;
};

void serve_at_a_word(Clerk& c)
{
    auto in = sys::receive(c.server.receiver.borrow(), 0);
    while (in.request()) {
        ++c.taken;
        need(sys::wait(c.go.borrow(), check::patience()));
        in = c.server.answer(ways::complement(in));
    }
}

struct Client {
    const Server& server;
    sys::Incoming answer{};
};

void call_once(Client& c) { c.answer = c.server.call(letter); }

// Who does nothing else waits once somebody less important ran; the spinner is ready all the time.
void until_they_wait() { check::sleep_ms(10); }

// Both of two servers wait: two calls reach one each, in each round.
void nobody_is_forgotten()
{
    const Spinner spinner{1};
    Server server{.way = {.take = 0, .bound = false}};
    Clerk clerks[2] = {{server}, {server}};
    Threaded<Clerk> first{&serve_at_a_word, clerks[0], 20};
    until_they_wait();
    Threaded<Clerk> second{&serve_at_a_word, clerks[1], 20};
    until_they_wait();
    for (u64 round = 1; round <= 5; ++round) {
        Client clients[2] = {{server}, {server}};
        Threaded<Client> one{&call_once, clients[0], 15};
        Threaded<Client> two{&call_once, clients[1], 15};
        that(
            check::eventually([&] { return clerks[0].taken == round && clerks[1].taken == round; }),
            "a server was forgotten");
        for (const Clerk& clerk : clerks) {
            works(sys::signal(clerk.go.borrow(), abi::Bits::at(0)));
            until_they_wait();
        }
        one.join();
        two.join();
        for (const Client& client : clients)
            equals(client.answer.header.status(), ways::answer_status);
    }
    server.receiver = {};
}

// Where a long payload stood is nobody's business: x1..x7 are zero then, or as they were.
void long_messages_show_nothing()
{
    const ways::Running running{{.take = 0, .bound = false}, &ways::echo, 20};
    for (int i = 0; i < 3; ++i) {
        check::RawRegisters in = check::pattern();
        in.x[0] = Header::make(1, 64).raw;
        in.x[9] = abi::never.raw();
        const auto out = check::raw_call(abi::Syscall::call, running.server.client.slot(), in);
        equals(check::raw_error(out), ways::answer_status);
        for (usize n = 1; n < 8; ++n)
            that(out.x[n] == 0 || out.x[n] == in.x[n], "shows something of the kernel");
    }
}

// Waits at last through another handle than at first.
void wait_by_another(Server& s)
{
    const auto second = s.serve();
    auto in = s.receive();
    (void)sys::reply(ways::complement(in));
    in = s.receive();
    in = sys::reply_receive(second.borrow(), ways::complement(in));
    s.status = in.header.status();
}

// The handle through which a server waits is that of its last call, whatever it waited by before.
void another_handle_is_closed()
{
    ways::Running running{{.take = 0, .bound = false}, &wait_by_another, 20};
    Server& s = running.server;
    equals(s.ask(), ways::answer_status);
    check::until_others_block();
    equals(s.ask(), ways::answer_status);
    s.status = Errc::fault;
    s.receiver = {};
    check::until_others_block();
    equals(s.status, Errc::fault);
}

// Receives at last through another handle than at first.
void receive_by_another(Server& s)
{
    const auto second = s.serve();
    const auto in = s.receive();
    (void)sys::reply(ways::complement(in));
    s.status = sys::receive(second.borrow(), 0).header.status();
}

// The same for one whose last call was no reply, and who went to sleep while somebody was ready.
void another_handle_is_closed_in_a_receive()
{
    const Spinner spinner{1};
    Server s{.way = {.take = 0, .bound = false}};
    Threaded<Server> thread{&receive_by_another, s, 20};
    until_they_wait();
    equals(s.ask(), ways::answer_status);
    until_they_wait();
    s.status = Errc::fault;
    s.receiver = {};
    until_they_wait();
    equals(s.status, Errc::fault);
    s.end = {};
}

constexpr std::array cases{
    check::Case{"a server that owes a reply may not receive, although somebody could go on",
                debts_first},
    check::Case{"two servers that wait for calls get one each", nobody_is_forgotten},
    check::Case{"long messages leave nothing of the kernel in registers",
                long_messages_show_nothing},
    check::Case{"a server that waits by another handle than before keeps waiting when that one is "
                "closed",
                another_handle_is_closed},
    check::Case{"a server that receives by another handle than before keeps receiving when that "
                "one is closed",
                another_handle_is_closed_in_a_receive},
};

}  // namespace

const check::Cases fast_refused_cases{cases};
