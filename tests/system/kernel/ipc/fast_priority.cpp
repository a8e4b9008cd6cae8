// fast_priority.cpp - what a call to a server that waits lends, when that is given back, and who
// goes on after the answer.
#include "cases.hpp"
#include "ways.hpp"

namespace {

using check::equals;
using check::need;
using check::that;
using check::Threaded;
using check::works;
using ways::Running;
using ways::Server;
using ways::Spinner;
using ways::Way;

bool went_on(const Server& s) { return __atomic_load_n(&s.went_on, __ATOMIC_RELAXED); }
void go_on(Server& s) { __atomic_store_n(&s.went_on, true, __ATOMIC_RELAXED); }

// Ends its receive without a request.
void poke(const Server& s)
{
    if (s.way.bound)
        works(sys::signal(s.bell.borrow(), abi::Bits::at(1)));
    else
        (void)need(sys::mint(s.endpoint.borrow(), ways::end_badge));
}

// It blocks while it serves: what it was lent brings it back. Then it waits, answers by that, and
// is poked.
void serve_once(Server& s)
{
    s.bind();
    const auto in = s.receive();
    check::sleep_ms(1);
    (void)s.answer(ways::complement(in));
    go_on(s);
}

// The server is less important than one that spins, its caller more.
void lent_until_the_answer()
{
    for (const Way way : ways::all) {
        Running running{way, &serve_once, 5};
        Server& s = running.server;
        {
            const Spinner spinner{15};
            equals(s.ask(), ways::answer_status);
            poke(s);
            check::sleep_ms(5);
            that(!went_on(s), "the server keeps the priority that it was lent");
        }
        that(check::eventually([&] { return went_on(s); }), "the server did not go on");
    }
}

// Its caller goes away, and with its next receive what it was lent.
void outlive_the_caller(Server& s)
{
    s.bind();
    (void)s.receive();
    s.pause();
    (void)s.receive();
    s.pause();
    go_on(s);
}

enum class Poked : u8 { before, after };

void outlived(Way way, abi::Ticks until, Poked when)
{
    Running running{way, &outlive_the_caller, 5};
    Server& s = running.server;
    s.until = until;
    const auto in = s.call({abi::Header::make(1, 8), {7}}, sys::after_ms(1));
    equals(in.header.status(), Errc::timed_out);
    if (when == Poked::before)
        poke(s);
    works(sys::signal(s.go.borrow(), abi::Bits::at(0)));
    check::sleep_ms(1);  // nobody else is ready when it receives, so that it may go the short way
    if (when == Poked::after)
        poke(s);
    check::until_others_block();
    {
        const Spinner spinner{15};
        works(sys::signal(s.go.borrow(), abi::Bits::at(0)));
        check::sleep_ms(5);
        that(!went_on(s), "the server keeps the priority of a caller that went away");
    }
    that(check::eventually([&] { return went_on(s); }), "the server did not go on");
}

void lent_until_the_next_receive()
{
    for (const Way way : ways::all)
        for (const Poked when : {Poked::before, Poked::after}) {
            outlived(way, abi::never, when);
            outlived(way, check::patience(), when);
        }
}

// It blocks while it serves, too.
void serve_at_a_word(Server& s)
{
    s.bind();
    const auto in = s.receive();
    s.pause();
    go_on(s);
    (void)s.answer(ways::complement(in));
}

void ask_once(Server& s) { s.status = s.ask(); }

// One that spins is less important than the server, and more than its caller.
void nothing_taken_away()
{
    for (const Way way : ways::all) {
        Running running{way, &serve_at_a_word, 20};
        Server& s = running.server;
        Threaded<Server> caller{&ask_once, s, 10};
        check::until_others_block();
        {
            const Spinner spinner{15};
            works(sys::signal(s.go.borrow(), abi::Bits::at(0)));
            that(check::eventually([&] { return went_on(s); }), "the server lost its priority");
        }
        caller.join();
        equals(s.status, ways::answer_status);
    }
}

// Wakes a third thread, then answers.
void wake_and_answer(Server& s)
{
    s.bind();
    const auto in = s.receive();
    works(sys::signal(s.go.borrow(), abi::Bits::at(0)));
    (void)s.answer(ways::complement(in));
}

struct Turn {
    Server& server;
    u64 number = 0;
};

void take_turn_asking(Turn& t)
{
    equals(t.server.ask(), ways::answer_status);
    t.number = ++t.server.turns;
}
void take_turn_woken(Turn& t)
{
    t.server.pause();
    t.number = ++t.server.turns;
}

// The answer goes from a server to a caller that is less important, and others may be in between.
void the_more_important_goes_on()
{
    for (const Way way : ways::all)
        for (const u64 priority : {5U, 15U, 20U, 25U}) {
            Running running{way, &wake_and_answer, 20};
            Turn third{running.server};
            Turn caller{running.server};
            Threaded<Turn> woken{&take_turn_woken, third, priority};
            check::until_others_block();
            Threaded<Turn> asking{&take_turn_asking, caller, 10};
            asking.join();
            woken.join();
            equals(third.number, priority < 10 ? 2 : 1);
            equals(caller.number, priority < 10 ? 1 : 2);
        }
}

void ask_often(Server& s)
{
    for (int i = 0; i < 20; ++i)
        equals(s.ask(), ways::answer_status);
}

// Somebody as important as the caller, the server or both is always ready.
void equals_take_turns()
{
    for (const Way way : ways::all)
        for (const u64 priority : {10U, 20U, 25U}) {
            Running running{way, &ways::echo, 20};
            const Spinner spinner{priority};
            Threaded<Server> caller{&ask_often, running.server, priority};
            caller.join();
            equals(running.server.served, 20);
        }
}

constexpr std::array cases{
    check::Case{"a server that waited has its caller's priority until it answers and waits again",
                lent_until_the_answer},
    check::Case{"a server loses the priority of a caller that went away with its next receive",
                lent_until_the_next_receive},
    check::Case{"a server that waited keeps its own priority for a less important caller",
                nothing_taken_away},
    check::Case{"after an answer the most important goes on, whoever it is",
                the_more_important_goes_on},
    check::Case{"calls are answered while equals are ready", equals_take_turns},
};

}  // namespace

const check::Cases fast_priority_cases{cases};
