// life/calls.cpp - ends in the middle of calls: of callers in line and received, of servers that
// receive, owe, or let others stand in line.
#include "state.hpp"

namespace {

using check::equals;
using check::need;

constexpr auto status_of(Errc error) { return static_cast<u64>(error); }

void caller_in_line()
{
    Around around;
    const auto caller = around.caller();
    around.wait_for_a_caller();
    caller.kill();
    equals(need(sys::info(around.endpoint.borrow())).queued, 0);
}

// The reply goes nowhere.
void caller_received()
{
    Around around;
    const auto caller = around.caller();
    check::that(sys::receive(around.endpoint.borrow(), 0, check::patience()).request(), "no call");
    caller.kill();
    check::fails(sys::reply({abi::Header::make(1, 8), {}}), Errc::peer_gone);
}

void server_receiving()
{
    Around around;
    const auto server = around.server("receive");
    around.wait_until_ready();
    pause_by_lot();
    server.kill();
    check::that(!need(sys::info(around.endpoint.borrow())).served, "a dead server serves");
}

void server_owes()
{
    Around around;
    const auto server = around.server("owe");
    const auto caller = around.caller();
    around.wait_until_ready();  // the caller, before it calls
    around.wait_until_ready();  // the server, which has received
    server.kill();
    equals(caller.wait().exit.code, status_of(Errc::peer_restarted));
}

// It stays in line until nobody can serve any more.
void server_of_a_line()
{
    Around around;
    auto server = around.server("sleep");
    around.wait_until_ready();
    const auto caller = around.caller();
    around.wait_for_a_caller();
    server.kill();
    equals(need(sys::info(around.endpoint.borrow())).queued, 1);
    around.endpoint = {};
    equals(caller.wait().exit.code, status_of(Errc::gave_up));
}

// Calls to and fro, on one CPU or on two.
void amid_calls()
{
    Around around;
    const auto server = [&] {
        auto made = around.starter("serve", {.arguments = {"4"}});
        made.grant("serve", around.endpoint.slot(), abi::Kind::endpoint, abi::right::receive);
        return made.run();
    }();
    auto made = around.starter("call_often", {.arguments = {"1000000", "7"}});
    made.grant("target", around.client.slot(), abi::Kind::endpoint, abi::right::call);
    const auto caller = made.run();
    pause_by_lot();
    static constinit bool server_first = false;
    server_first = !server_first;
    (server_first ? server : caller).kill();
    pause_by_lot();
}

constexpr std::array<Way, 6> ways{caller_in_line, caller_received,  server_receiving,
                                  server_owes,    server_of_a_line, amid_calls};

}  // namespace

const std::span<const Way> call_ways{ways};
