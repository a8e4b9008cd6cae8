// fast_next.cpp - a server answers and waits again: what came meanwhile is there at once.
#include "cases.hpp"
#include "ways.hpp"

namespace {

using abi::Header;
using check::equals;
using check::need;
using check::that;
using check::Threaded;
using check::works;
using ways::Running;
using ways::Server;
using ways::Way;

constexpr auto some_bit = abi::Bits::at(6);

// Raises a bit of its own before it answers.
void ring_and_answer(Server& s)
{
    s.bind();
    const auto in = s.receive();
    works(sys::signal(s.bell.borrow(), some_bit));
    s.seen = s.answer(ways::complement(in));
}

void bits_are_there()
{
    for (const Way way : ways::all) {
        Running running{way, &ring_and_answer, 20};
        equals(running.server.ask(), ways::answer_status);
        running.stop();
        equals(running.server.seen.bits, way.bound ? some_bit : abi::Bits{});
        equals(running.server.seen.gone(), !way.bound);
    }
}

// Answers at a word, and keeps what comes then.
void answer_at_a_word(Server& s)
{
    s.bind();
    const auto in = s.receive();
    s.pause();
    s.seen = s.answer(ways::complement(in));
    if (s.seen.request())
        works(sys::reply(ways::complement(s.seen)));
}

struct Asker {
    const Server& server;
    u64 number;
    abi::Ticks deadline;
    sys::Incoming answer{};
};

void ask(Asker& a) { a.answer = a.server.call({Header::make(1, 8), {a.number}}, a.deadline); }

void callers_are_there()
{
    for (const Way way : ways::all) {
        Running running{way, &answer_at_a_word, 20};
        Asker first{running.server, 1, abi::never};
        Asker second{running.server, 2, check::patience()};
        Threaded<Asker> one{&ask, first};
        check::until_others_block();
        Threaded<Asker> two{&ask, second};
        check::until_others_block();
        equals(need(sys::info(running.server.endpoint.borrow())).queued, 1);
        works(sys::signal(running.server.go.borrow(), abi::Bits::at(0)));
        one.join();
        two.join();
        equals(first.answer.words[0], ~u64{1});
        equals(second.answer.words[0], ~u64{2});
    }
}

void ends_of_badges_are_there()
{
    for (const Way way : ways::all) {
        Running running{way, &answer_at_a_word, 20};
        Asker asker{running.server, 1, abi::never};
        Threaded<Asker> thread{&ask, asker};
        check::until_others_block();
        (void)need(sys::mint(running.server.endpoint.borrow(), 77));
        works(sys::signal(running.server.go.borrow(), abi::Bits::at(0)));
        thread.join();
        running.stop();
        that(running.server.seen.gone(), "not told that the badge ended");
        equals(running.server.seen.badge, 77);
    }
}

// Answers, and waits until its deadline.
void answer_for_a_while(Server& s)
{
    s.bind();
    const auto in = s.receive();
    sys::Letter letter = ways::complement(in);
    letter.header.raw |= Header::Take::make(s.way.take);
    s.seen = sys::reply_receive(s.receiver.borrow(), letter, s.until);
}

void deadlines_are_kept()
{
    for (const Way way : ways::all)
        for (const u64 ms : {0U, 2U}) {
            Running running{way, &answer_for_a_while, 20};
            Server& s = running.server;
            s.until = ms == 0 ? abi::now : sys::after_ms(ms);
            equals(s.ask(), ways::answer_status);
            check::sleep_ms(ms + 2);
            running.stop();
            equals(s.seen.header.status(), Errc::timed_out);
            equals(s.seen.badge, 0);
        }
}

constexpr std::array cases{
    check::Case{"bits that came before a server answers are there when it waits again",
                bits_are_there},
    check::Case{"a call that stands in line is there when a server answers and waits again",
                callers_are_there},
    check::Case{"the end of a badge is there when a server answers and waits again",
                ends_of_badges_are_there},
    check::Case{"a server that answers and waits for a while waits no longer", deadlines_are_kept},
};

}  // namespace

const check::Cases fast_next_cases{cases};
