// replies.cpp - the server's side: who is owed a reply, and what a reply may carry.
#include "cases.hpp"
#include "served.hpp"

namespace {

using abi::Header;
using check::equals;
using check::fails;
using check::need;
using check::Threaded;
using check::works;

// An endpoint of our own, and a thread that calls it once.
struct Loop {
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> client = need(sys::mint(endpoint.borrow(), 9));
    sys::Letter request{Header::make(1, 8), {1}};
    sys::Incoming answer{};
    abi::Ticks deadline = check::patience();

    sys::Borrowed<sys::Endpoint> server() const { return endpoint.borrow(); }
};

void call_once(Loop& loop)
{
    loop.answer = sys::call(loop.client.borrow(), loop.request, loop.deadline);
}

void nobody_to_reply_to()
{
    fails(sys::reply({Header::make(1, 0), {}}), Errc::peer_gone);
    const Loop loop;
    const auto in = sys::reply_receive(loop.server(), {Header::make(1, 0), {}}, abi::now);
    equals(in.header.status(), Errc::timed_out);
}

void one_reply_for_one_call()
{
    Loop loop;
    Threaded<Loop> caller{&call_once, loop};
    equals(sys::receive(loop.server(), 0, check::patience()).badge, 9);
    works(sys::reply({Header::make(1, 8), {55}}));
    fails(sys::reply({Header::make(1, 8), {56}}), Errc::peer_gone);
    caller.join();
    equals(loop.answer.words[0], 55);
}

void one_debt_at_a_time()
{
    Loop loop;
    Threaded<Loop> caller{&call_once, loop};
    equals(sys::receive(loop.server(), 0, check::patience()).badge, 9);
    equals(sys::receive(loop.server(), 0, abi::now).header.status(), Errc::busy);
    const auto other = need(sys::create_endpoint());
    equals(sys::receive(other.borrow(), 0, abi::now).header.status(), Errc::busy);
    works(sys::reply({Header::make(1, 0), {}}));
    equals(sys::receive(loop.server(), 0, abi::now).header.status(), Errc::timed_out);
}

void bad_replies_leave_the_debt()
{
    Loop loop;
    loop.request.header = Header::make(1, 8, 0, 1);
    Threaded<Loop> caller{&call_once, loop};
    equals(sys::receive(loop.server(), 0, check::patience()).badge, 9);
    fails(sys::reply({Header::make(1, 513), {}}), Errc::too_big);
    fails(sys::reply({Header::make(1, 0, 5), {}}), Errc::bad_argument);
    sys::message_page().handles[0] = abi::Slot{777};
    fails(sys::reply({Header::make(1, 0, 1), {}}), Errc::bad_handle);
    const auto first = need(sys::create_notification());
    const auto second = need(sys::create_notification());
    sys::message_page().handles = {first.slot(), second.slot()};
    fails(sys::reply({Header::make(1, 0, 2), {}}), Errc::no_space);  // it takes one
    equals(sys::reply_receive(loop.server(), {Header::make(1, 0, 2), {}}, abi::now).header.status(),
           Errc::no_space);
    works(sys::handle_info(first.slot()));
    works(sys::reply({Header::make(2, 0), {}}));
    caller.join();
    equals(loop.answer.header.status(), Errc::ok);
    equals(loop.answer.header.ordinal(), 2);
}

// The same by the call that receives as well: nothing of it has happened then.
void bad_replies_do_not_receive()
{
    Loop loop;
    loop.request.header = Header::make(1, 8, 0, 1);
    Threaded<Loop> caller{&call_once, loop};
    equals(sys::receive(loop.server(), 0, check::patience()).badge, 9);
    const auto status = [&](Header header) {
        return sys::reply_receive(loop.server(), {header, {}}, abi::now).header.status();
    };
    const auto good = need(sys::create_notification());
    const auto fixed = need(sys::duplicate(good.borrow(), abi::right::signal));
    auto& carried = sys::message_page().handles;
    equals(status(Header::make(1, 513)), Errc::too_big);
    for (u64 count = 5; count < 8; ++count) {
        equals(status(Header::make(1, 0, count)), Errc::bad_argument);
        equals(status(Header::make(1, 0, 0, count)), Errc::bad_argument);
    }
    carried[0] = abi::Slot{777};
    equals(status(Header::make(1, 0, 1)), Errc::bad_handle);
    carried[0] = fixed.slot();
    equals(status(Header::make(1, 0, 1)), Errc::denied);
    fails(sys::reply({Header::make(1, 0, 1), {}}), Errc::denied);
    carried = {good.slot(), good.slot()};
    equals(status(Header::make(1, 0, 2)), Errc::bad_argument);
    fails(sys::reply({Header::make(1, 0, 2), {}}), Errc::bad_argument);
    works(sys::reply({Header::make(1, 8), {57}}));  // it is still owed
    caller.join();
    equals(loop.answer.words[0], 57);
}

// The caller's deadline passes; the answer goes nowhere, and its handles are closed, not lost.
void replies_to_one_that_went_away()
{
    Loop loop;
    loop.request.header = Header::make(1, 8, 0, 1);
    // Less important than we are: it calls, and its time begins, when we wait for it.
    Threaded<Loop> caller{+[](Loop& l) {
                              l.deadline = sys::after_ms(2);
                              call_once(l);
                          },
                          loop, 20};
    equals(sys::receive(loop.server(), 0, check::patience()).badge, 9);
    caller.join();
    equals(loop.answer.header.status(), Errc::timed_out);
    fails(sys::reply({Header::make(1, 0), {}}), Errc::peer_gone);
    auto going = need(sys::create_notification());
    sys::message_page().handles[0] = going.slot();
    equals(sys::reply_receive(loop.server(), {Header::make(1, 0, 1), {}}, abi::now).header.status(),
           Errc::timed_out);
    fails(sys::handle_info(going.release()), Errc::bad_handle);
}

// The endpoint that is received on cannot be given away in the same breath.
void the_endpoint_itself_in_a_reply()
{
    auto endpoint = need(sys::create_endpoint());
    sys::message_page().handles[0] = endpoint.slot();
    const auto in =
        sys::reply_receive(endpoint.borrow(), {Header::make(1, 0, 1), {}}, sys::after_ms(1));
    equals(in.header.status(), Errc::bad_argument);
    works(sys::info(endpoint.borrow()));
}

// A server may sleep, and even let a deadline pass, before it answers.
void a_server_waits_while_it_owes()
{
    Loop loop;
    Threaded<Loop> caller{&call_once, loop};
    equals(sys::receive(loop.server(), 0, check::patience()).badge, 9);
    check::sleep_ms(2);
    const auto other = need(sys::create_endpoint());
    const auto unserved = need(sys::mint(other.borrow(), 1));
    equals(sys::call(unserved.borrow(), {Header::make(1, 0), {}}, sys::after_ms(1)).header.status(),
           Errc::timed_out);
    works(sys::reply({Header::make(1, 8), {66}}));
    caller.join();
    equals(loop.answer.header.status(), Errc::ok);
    equals(loop.answer.words[0], 66);
}

void statuses_of_a_reply()
{
    Loop loop;
    Threaded<Loop> caller{&call_once, loop};
    (void)sys::receive(loop.server(), 0, check::patience());
    sys::Letter letter{Header::make(3, 8), {1}};
    letter.header.raw |= static_cast<u64>(Errc::read_only);
    works(sys::reply(letter));
    caller.join();
    equals(loop.answer.header.status(), Errc::read_only);
    equals(loop.answer.words[0], 1);
}

constexpr std::array cases{
    check::Case{"a reply without a caller is refused", nobody_to_reply_to},
    check::Case{"a call is answered once", one_reply_for_one_call},
    check::Case{"a thread that owes a reply cannot receive", one_debt_at_a_time},
    check::Case{"a bad reply is refused and still owed", bad_replies_leave_the_debt},
    check::Case{"a bad reply is refused by reply and receive too, and nothing is received",
                bad_replies_do_not_receive},
    check::Case{"the handles of an answer that nobody waits for are closed",
                replies_to_one_that_went_away},
    check::Case{"a reply cannot carry the endpoint that it receives on next",
                the_endpoint_itself_in_a_reply},
    check::Case{"a server may wait and let a deadline pass while it owes a reply",
                a_server_waits_while_it_owes},
    check::Case{"a status and a payload come with one reply", statuses_of_a_reply},
};

}  // namespace

const check::Cases reply_cases{cases};
