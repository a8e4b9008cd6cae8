// fault/messages.cpp - requests and replies that are lost, come twice, or are not what was sent.
#include "cases.hpp"

namespace {

using check::equals;
using check::that;
using check::works;

constexpr u64 asked = 1'000;
const sys::Letter letter{abi::Header::make(3, 8), {asked}};

sys::Incoming call(const Victim& victim, abi::Ticks deadline = check::patience())
{
    return sys::call(victim.client(), letter, deadline);
}

Errc status(const sys::Incoming& in) { return in.header.status(); }

bool answers(const Victim& victim)
{
    const auto in = call(victim);
    return status(in) == Errc::ok && in.words[0] == asked + 1;
}

// The server never sees it, the caller waits as for one that does not answer; both go on. False:
// the machine was stopped for longer than the deadline, and the call ended before it was the one.
bool lost_once(Point point)
{
    const Victim victim{"serve"};
    works(sys::arm_fault(victim.order(Kind::drop_message, point, 2)));
    that(answers(victim), "the first one was lost");
    equals(status(call(victim, sys::after_ms(10))), Errc::timed_out);
    if (report().fired_count == 0)
        return false;
    that(answers(victim), "the third one was lost");
    equals(victim.board().requests, point == Point::message ? 2U : 3U);
    equals(victim.board().orphans, 0U);
    return true;
}

void lost(Point point)
{
    check::try_often([&](u64) { return lost_once(point); });
}

void requests_are_lost() { lost(Point::message); }
void replies_are_lost() { lost(Point::reply); }

void owed_by_the_blocked()
{
    const Victim victim{"serve"};
    works(sys::arm_fault(victim.order(Kind::block, Point::call)));
    struct Caller {
        const Victim& victim;
        Errc got = Errc::ok;
    } caller{victim};
    check::Threaded<Caller> thread{+[](Caller& c) { c.got = status(call(c.victim)); }, caller};
    check::until_others_block();
    victim.child().kill();
    thread.join();
    equals(caller.got, Errc::peer_restarted);
}

// A caller whose request was lost learns of the end of who should have had it.
void the_end_is_told()
{
    const Victim victim{"serve"};
    works(sys::arm_fault(victim.order(Kind::drop_message, Point::message)));
    struct Caller {
        const Victim& victim;
        Errc got = Errc::ok;
    } caller{victim};
    check::Threaded<Caller> thread{+[](Caller& c) { c.got = status(call(c.victim)); }, caller};
    check::until_others_block();
    equals(report().fired_count, 1U);
    victim.child().kill();
    thread.join();
    equals(caller.got, Errc::peer_restarted);
}

void requests_come_twice()
{
    const Victim victim{"serve"};
    works(sys::arm_fault(victim.order(Kind::duplicate_message, Point::message)));
    that(answers(victim), "no answer");
    check::until_others_block();
    equals(victim.board().requests, 2U);
    equals(victim.board().orphans, 1U);
    equals(victim.board().last_word, asked);
    that(answers(victim), "no answer to the next one");
    equals(victim.board().requests, 3U);
}

// One bit of payload or header, the same for the same seed.
void messages_are_corrupted()
{
    for (const auto point : {Point::message, Point::reply})
        for (u64 seed = 0; seed < 6; ++seed) {
            std::array<sys::Incoming, 2> got;
            for (auto& in : got) {
                const Victim victim{"serve"};
                auto order = victim.order(Kind::corrupt_message, point);
                order.seed = seed;
                works(sys::arm_fault(order));
                in = call(victim);
                equals(report().fired_count, 1U);
                that(std::has_single_bit(report().before ^ report().after), "not one bit");
                const u64 sent = point == Point::message ? victim.board().last_word - asked
                                                         : in.words[0] - asked - 1;
                that(in.header.ordinal() != 3 || status(in) != Errc::ok || sent != 0,
                     "it arrived as it was");
            }
            equals(got[0].header.raw, got[1].header.raw);
            equals(got[0].words[0], got[1].words[0]);
        }
}

// With the request in its hands, or with the reply just gone.
void killed_at_messages()
{
    const Victim victim{"serve"};
    works(sys::arm_fault(victim.order(Kind::kill, Point::message, 2)));
    that(answers(victim), "no answer to the first one");
    equals(status(call(victim)), Errc::peer_restarted);
    equals(victim.end().cause, abi::ExitCause::killed);
    equals(victim.board().requests, 1U);
    const Victim other{"serve"};
    works(sys::arm_fault(other.order(Kind::kill, Point::reply)));
    that(answers(other), "the reply did not come");
    equals(other.end().cause, abi::ExitCause::killed);
    equals(other.board().orphans, 0U);
}

constexpr std::array cases{
    check::Case{"a request is lost, and nothing else", requests_are_lost},
    check::Case{"a reply is lost, and nothing else", replies_are_lost},
    check::Case{"a caller of who is blocked learns of its end", owed_by_the_blocked},
    check::Case{"a caller whose request was lost learns of the end of its server", the_end_is_told},
    check::Case{"a request comes twice, and nobody waits for the second reply",
                requests_come_twice},
    check::Case{"a bit of a message flips", messages_are_corrupted},
    check::Case{"a server is killed with a request, or behind its reply", killed_at_messages},
};

}  // namespace

const check::Cases message_cases{cases};
