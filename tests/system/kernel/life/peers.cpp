// life/peers.cpp - where the end of a peer is seen, and as what: at the send, in line, and between
// receive and reply; by callers and by servers.
#include "state.hpp"

#include <check/actor.hpp>

namespace {

using check::Child;
using check::equals;
using check::need;

constexpr auto code(Errc error) { return static_cast<u64>(error); }
const sys::Letter letter{abi::Header::make(1, 8), {7}};

Errc call(const Around& around, abi::Ticks deadline = check::patience())
{
    return sys::call(around.client.borrow(), letter, deadline).header.status();
}

// At the send: a new server, which never knew the caller; and nobody that could ever serve.
void at_the_send()
{
    Around around;
    equals(around.server("receive").info().state, abi::ProcessState::running);
    const Child second = around.server("sleep");
    equals(call(around), Errc::peer_restarted);
    second.kill();
    equals(call(around, sys::after_ms(1)), Errc::timed_out);  // for the next server
    around.endpoint = {};
    equals(call(around), Errc::gave_up);
}

// In line: it stays for the next server, unless there will be none.
void in_line()
{
    Around around;
    const Child server = around.server("sleep");
    around.wait_until_ready();
    const Child caller = around.caller();
    around.wait_for_a_caller();
    server.kill();
    equals(need(sys::info(around.endpoint.borrow())).queued, 1);
    need(sys::give_up(around.endpoint.borrow()));
    equals(caller.wait().exit.code, code(Errc::gave_up));
}

// Received and not answered: the process ends, by whatever cause.
void between_receive_and_reply()
{
    for (const std::string_view end : {"owe", "fault"}) {
        Around around;
        const Child server = around.server(end == "owe" ? "owe" : "serve");
        if (end == "fault") {
            const sys::Letter fatal{abi::Header::make(static_cast<u16>(check::Ask::fault), 8), {0}};
            equals(sys::call(around.client.borrow(), fatal, check::patience()).header.status(),
                   Errc::peer_restarted);
            continue;
        }
        const Child caller = around.caller();
        around.wait_until_ready();
        around.wait_until_ready();
        server.kill();
        equals(caller.wait().exit.code, code(Errc::peer_restarted));
    }
}

// The server's side of the same: a caller that ends in line was never there, one that was received
// is told of at the reply, and its badge when the last handle is gone.
void seen_by_the_server()
{
    Around around;
    const auto receiver = need(sys::duplicate(around.endpoint.borrow(), abi::right::receive));
    const Child in_line = around.caller();
    around.wait_for_a_caller();
    in_line.kill();
    equals(sys::receive(receiver.borrow(), 0, abi::now).header.status(), Errc::timed_out);
    const Child received = around.caller();
    check::that(sys::receive(receiver.borrow(), 0, check::patience()).request(), "no call");
    received.kill();
    check::fails(sys::reply(letter), Errc::peer_gone);
    around.client = {};
    check::that(sys::receive(receiver.borrow(), 0, check::patience()).gone(), "no end of a badge");
}

constexpr std::array cases{
    check::Case{"a server that ended is seen at the send", at_the_send},
    check::Case{"a server that ended is seen by who stands in line", in_line},
    check::Case{"a server that ended is seen between receive and reply", between_receive_and_reply},
    check::Case{"a caller that ended is seen by its server at each point", seen_by_the_server},
};

}  // namespace

const check::Cases peer_cases{cases};
