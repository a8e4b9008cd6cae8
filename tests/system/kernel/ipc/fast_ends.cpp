// fast_ends.cpp - how a call to a server that waits ends: in time, too late, once, and with nothing
// left of it.
#include "cases.hpp"
#include "served.hpp"
#include "ways.hpp"

namespace {

using abi::Header;
using check::equals;
using check::need;
using check::that;
using check::works;
using ways::Running;
using ways::Server;
using ways::Way;

constexpr sys::Letter letter{Header::make(1, 8), {7}};

// Answers, but only long after its caller went away.
void answer_late(Server& s)
{
    s.bind();
    const auto in = s.receive();
    (void)sys::wait(s.go.borrow(), sys::after_ms(300));
    const auto done = sys::reply({in.header, {}});
    s.status = done ? Errc::ok : done.error();
}

void answer_at_a_word(Server& s)
{
    s.bind();
    s.seen = s.receive();
    s.pause();
    const auto done = sys::reply({s.seen.header, {}});
    s.status = done ? Errc::ok : done.error();
}

void a_deadline_is_kept()
{
    for (const Way way : ways::all) {
        Running running{way, &answer_late, 20};
        const abi::Ticks deadline = sys::after_ms(3);
        equals(running.server.call(letter, deadline).header.status(), Errc::timed_out);
        that(sys::now() >= deadline, "returned before its deadline");
        works(sys::signal(running.server.go.borrow(), abi::Bits::at(0)));
        running.stop();
        equals(running.server.status, Errc::peer_gone);
    }
}

void a_call_without_time()
{
    for (const Way way : ways::all) {
        const Running running{way, &ways::echo, 20};
        equals(running.server.call(letter, abi::now).header.status(), Errc::timed_out);
        check::until_others_block();
        equals(running.server.served, 0);
    }
}

// A call that is answered in time, on however slow a host.
abi::Ticks call_in_time(const Server& s)
{
    for (u64 ms = 5; ms < 10'000; ms *= 2) {
        const abi::Ticks deadline = sys::after_ms(ms);
        if (s.call(letter, deadline).header.status() == ways::answer_status)
            return deadline;
    }
    check::stop("no call was answered in time", check::Where::current());
}

struct Ringer {
    sys::Handle<sys::Notification> bell = need(sys::create_notification());
    abi::Ticks when;
};

void ring_then(Ringer& r)
{
    const auto nobody = need(sys::create_notification());
    (void)sys::wait(nobody.borrow(), r.when);
    works(sys::signal(r.bell.borrow(), abi::Bits::at(2)));
}

// The deadline of a call that was answered ends nothing that its caller waits for later.
void a_deadline_is_forgotten()
{
    for (const Way way : ways::all) {
        const Running running{way, &ways::echo, 20};
        const abi::Ticks deadline = call_in_time(running.server);
        Ringer ringer{.when = sys::later(deadline, sys::milliseconds(2))};
        const check::Threaded<Ringer> thread{&ring_then, ringer, 20};
        equals(need(sys::wait(ringer.bell.borrow())), abi::Bits::at(2));
    }
}

u32 handles_used() { return need(sys::info(check::self())).handles_used; }

// Slots for handles that did not come with the answer are free again; the next call has its own.
void slots_come_back()
{
    for (const Way way : ways::all) {
        const Running running{way, &ways::echo, 20};
        const u32 before = handles_used();
        for (const abi::Ticks deadline : {abi::never, check::patience()})
            for (u64 take = 1; take <= abi::message_handles; ++take) {
                const sys::Letter taking{Header::make(1, 8, 0, take), {7}};
                equals(running.server.call(taking, deadline).header.status(), ways::answer_status);
                equals(handles_used(), before);
            }
    }
}

// Whatever its next receive ends with, it owes nothing any more.
void answer_and_answer_again(Server& s)
{
    s.bind();
    const auto in = s.receive();
    const auto next = s.answer({in.header, {1}});
    s.bits = next.bits;
    const auto again = sys::reply({in.header, {2}});
    s.status = again ? Errc::ok : again.error();
}

void answered_once()
{
    for (const Way way : ways::all) {
        Running running{way, &answer_and_answer_again, 20};
        Server& s = running.server;
        equals(s.call(letter).words[0], 1);
        if (way.bound)
            works(sys::signal(s.bell.borrow(), abi::Bits::at(4)));
        running.stop();
        equals(s.bits, way.bound ? abi::Bits::at(4) : abi::Bits{});
        equals(s.status, Errc::peer_gone);
    }
}

// The process of the caller is killed while its request is worked on.
void a_caller_dies()
{
    for (const Way way : ways::all) {
        Running running{way, &answer_at_a_word, 20};
        Server& s = running.server;
        check::Starter starter{"call_often", {.arguments = {"1", "1"}, .priority = 10}};
        starter.grant("target", s.client.slot(), abi::Kind::endpoint, abi::right::call);
        const check::Child caller = starter.run();
        check::until_others_block();
        that(s.seen.request(), "the child did not call");
        caller.kill();
        works(sys::signal(s.go.borrow(), abi::Bits::at(0)));
        running.stop();
        equals(s.status, Errc::peer_gone);
    }
}

// The process of the server ends while it works on a request.
void a_server_dies()
{
    for (const unsigned take : {0U, 1U})
        for (const check::Ask end : {check::Ask::die, check::Ask::fault}) {
            served::Service service{take};
            check::until_others_block();
            const auto ask = [&](check::Ask what) {
                return sys::call(service.client.borrow(), served::letter(what, 8, {7}));
            };
            equals(ask(end).header.status(), Errc::peer_restarted);
            (void)service.server->wait();
            service.start(take);
            check::until_others_block();
            equals(ask(check::Ask::echo).words[0], 7);
        }
}

void many_rounds()
{
    for (const Way way : ways::all) {
        const Running running{way, &ways::echo, 30};
        for (u64 i = 0; i < 1'000; ++i)
            equals(running.server.call({Header::make(1, 8), {i}}).words[0], ~i);
        equals(running.server.served, 1'000);
    }
}

constexpr std::array cases{
    check::Case{"a call to a server that waits ends at its deadline", a_deadline_is_kept},
    check::Case{"a call without time is not delivered to a server that waits", a_call_without_time},
    check::Case{"the deadline of a call that was answered ends no later wait",
                a_deadline_is_forgotten},
    check::Case{"slots reserved for an answer without handles come back", slots_come_back},
    check::Case{"a server that answered and waits again owes nothing", answered_once},
    check::Case{"a caller that is killed while a server that waited works for it is forgotten",
                a_caller_dies},
    check::Case{"the end of a server that waited is told to its caller, once", a_server_dies},
    check::Case{"a thousand calls to a server that waits are answered", many_rounds},
};

}  // namespace

const check::Cases fast_end_cases{cases};
