// death.cpp - servers end and come back: what their callers see, and what watchers are told.
#include "cases.hpp"
#include "served.hpp"

namespace {

using check::Ask;
using check::equals;
using check::fails;
using check::need;
using check::that;
using check::Threaded;
using check::works;
using served::ask;
using served::letter;
using served::Service;

constexpr auto bell_bit = abi::Bits::at(3);

bool rang(sys::Borrowed<sys::Notification> bell)
{
    return sys::wait(bell, check::patience()).has_value();
}
bool silent(sys::Borrowed<sys::Notification> bell)
{
    return !sys::wait(bell, abi::now).has_value();
}

// A call that fails leaves the words of the request: they alone say nothing.
void echoes(const auto& client, u64 word, const check::Where& where = check::Where::current())
{
    const auto in = ask(client, letter(Ask::echo, 8, {word}));
    equals(in.header.status(), Errc::ok, where);
    equals(in.words[0], word, where);
}

sys::EndpointInfo info_of(const Service& service)
{
    return need(sys::info(service.endpoint.borrow()));
}

void told_once()
{
    for (const Ask end : {Ask::die, Ask::fault}) {
        Service service;
        equals(ask(service, letter(end, 8, {1})).header.status(), Errc::peer_restarted);
        (void)service.server->wait();
        service.start();
        echoes(service, 5);
    }
}

struct Caller {
    sys::Borrowed<sys::Endpoint> client;
    sys::Letter request;
    sys::Incoming answer{};
};
void call_once(Caller& caller)
{
    caller.answer = sys::call(caller.client, caller.request, check::patience());
}

void told_once_although_the_manager_answers()
{
    Service service;
    equals(ask(service, letter(Ask::die, 8, {1})).header.status(), Errc::peer_restarted);
    (void)service.server->wait();
    Caller meanwhile{service.client.borrow(), letter(Ask::echo, 8, {2})};
    Threaded<Caller> thread{&call_once, meanwhile};
    check::until_others_block();
    that(sys::receive(service.endpoint.borrow(), 0, abi::now).request(), "the call is gone");
    works(sys::reply({abi::Header::make(0, 0), {}}));
    thread.join();
    equals(meanwhile.answer.header.status(), Errc::ok);
    service.start();
    echoes(service, 5);
}

void idle_clients_are_told_once()
{
    Service service;
    const auto idle = need(sys::mint(service.endpoint.borrow(), 2));
    echoes(idle.borrow(), 1);
    service.server->kill();
    service.start();
    equals(ask(idle.borrow(), letter(Ask::echo, 8, {2})).header.status(), Errc::peer_restarted);
    echoes(idle.borrow(), 3);
    equals(ask(service, letter(Ask::echo, 8, {4})).header.status(),
           Errc::peer_restarted);  // each badge by itself
    echoes(service, 5);
}

// A duplicate shares its badge, and so what the badge was told.
void duplicates_share_what_they_saw()
{
    Service service;
    const auto copy = need(sys::duplicate(service.client.borrow(), abi::right::call));
    equals(ask(service, letter(Ask::echo, 0)).header.status(), Errc::ok);
    service.server->kill();
    service.start();
    equals(ask(copy.borrow(), letter(Ask::echo, 0)).header.status(), Errc::peer_restarted);
    echoes(service, 6);
}

void queued_callers_wait_for_the_next()
{
    Service service;
    const auto other = need(sys::mint(service.endpoint.borrow(), 2));
    Caller received{service.client.borrow(), letter(Ask::hold, 8, {10'000})};
    Caller queued{other.borrow(), letter(Ask::echo, 8, {99})};
    Threaded<Caller> first{&call_once, received};
    check::until_others_block();
    Threaded<Caller> second{&call_once, queued};
    check::until_others_block();
    equals(info_of(service).queued, 1);
    service.server->kill();
    first.join();
    equals(received.answer.header.status(), Errc::peer_restarted);
    equals(info_of(service).queued, 1);
    service.start();
    second.join();
    equals(queued.answer.header.status(), Errc::ok);
    equals(queued.answer.words[0], 99);
}

void epochs_count_servers()
{
    const auto endpoint = need(sys::create_endpoint());
    equals(need(sys::info(endpoint.borrow())).epoch, 0);
    that(!need(sys::info(endpoint.borrow())).served, "served by nobody");
    for (u64 epoch = 1; epoch < 4; ++epoch) {
        const auto receiver = need(sys::duplicate(endpoint.borrow(), abi::right::receive));
        equals(need(sys::info(endpoint.borrow())).epoch, epoch);
        that(need(sys::info(endpoint.borrow())).served, "not served");
    }
    that(!need(sys::info(endpoint.borrow())).served, "still served");
    equals(need(sys::info(endpoint.borrow())).epoch, 3);
}

void watchers_hear_of_all_three()
{
    Service service;
    const auto mine = need(sys::create_notification());
    const auto clients = need(sys::create_notification());
    works(sys::watch(service.endpoint.borrow(), mine.borrow(), bell_bit));
    works(sys::watch(service.client.borrow(), clients.borrow(), bell_bit));
    const auto both = [&] { return rang(mine.borrow()) && rang(clients.borrow()); };
    const auto neither = [&] { return silent(mine.borrow()) && silent(clients.borrow()); };
    that(neither(), "rang before anything happened");
    service.server->kill();
    that(both(), "nobody heard that the server is lost");
    service.start();
    that(both(), "nobody heard that it is back");
    works(sys::give_up(service.endpoint.borrow()));
    that(both(), "nobody heard that it is given up");
    that(neither(), "rang again");
}

// In line, and while the server works; nobody else is told.
void managers_hear_of_late_calls()
{
    Service service;
    const auto mine = need(sys::create_notification());
    const auto clients = need(sys::create_notification());
    works(sys::watch(service.endpoint.borrow(), mine.borrow(), bell_bit));
    works(sys::watch(service.client.borrow(), clients.borrow(), bell_bit));
    echoes(service, 1);
    that(silent(mine.borrow()), "rang for a call that was answered");
    for (int times = 0; times < 2; ++times) {  // the first holds, the second stands in line
        const auto late =
            sys::call(service.client.borrow(), letter(Ask::hold, 8, {200}), sys::after_ms(1));
        equals(late.header.status(), Errc::timed_out);
        that(rang(mine.borrow()), "a call ended late, and nobody heard");
        that(silent(clients.borrow()), "a client heard of another one's call");
    }
}

void waiting_servers_attend()
{
    Service service;
    const auto attends = [&] { return info_of(service).attended; };
    that(check::eventually(attends), "a server that waits does not attend");
    (void)sys::call(service.client.borrow(), letter(Ask::hold, 8, {10'000}), sys::after_ms(1));
    that(!attends(), "a server that works attends");
    service.server->kill();
    that(!attends(), "a dead server attends");
    service.start();
    that(check::eventually(attends), "the next server does not attend");
}

// A handle to signal by raises its own bits, whatever the watch asks for.
void watches_keep_to_the_mask()
{
    Service service;
    const auto mine = need(sys::create_notification());
    const auto clients = need(sys::create_notification());
    constexpr auto both = bell_bit | abi::Bits::at(4);
    const auto less = [](const auto& bell) {
        return need(sys::duplicate(bell.borrow(), abi::right::signal, bell_bit));
    };
    works(sys::watch(service.endpoint.borrow(), less(mine).borrow(), both));
    works(sys::watch(service.client.borrow(), less(clients).borrow(), both));
    service.server->kill();
    equals(need(sys::wait(mine.borrow(), check::patience())), bell_bit);
    equals(need(sys::wait(clients.borrow(), check::patience())), bell_bit);
}

void watching_needs_rights()
{
    const Service service;
    const auto bell = need(sys::create_notification());
    const auto mute = need(sys::duplicate(bell.borrow(), abi::right::wait));
    fails(sys::watch(service.client.borrow(), mute.borrow(), bell_bit), Errc::denied);
    fails(sys::watch(service.client.borrow(), {service.endpoint.slot()}, bell_bit),
          Errc::wrong_kind);
    fails(sys::watch(service.client.borrow(), {}, bell_bit), Errc::bad_handle);
    const auto receiver = need(sys::duplicate(service.endpoint.borrow(), abi::right::receive));
    fails(sys::watch(receiver.borrow(), bell.borrow(), bell_bit), Errc::denied);
}

void given_up()
{
    Service service;
    service.server->kill();
    Caller waiting{service.client.borrow(), letter(Ask::echo, 8, {7})};
    // The badge has seen a server: what it is told comes first.
    equals(sys::call(service.client.borrow(), waiting.request, abi::now).header.status(),
           Errc::timed_out);
    Threaded<Caller> thread{&call_once, waiting};
    check::until_others_block();
    works(sys::give_up(service.endpoint.borrow()));
    thread.join();
    equals(waiting.answer.header.status(), Errc::gave_up);
    equals(ask(service, waiting.request).header.status(), Errc::gave_up);
    equals(ask(service, waiting.request).header.status(), Errc::gave_up);
    that(info_of(service).given_up, "not given up");
    works(sys::undo_give_up(service.endpoint.borrow()));
    that(!info_of(service).given_up, "still given up");
    equals(sys::call(service.client.borrow(), waiting.request, sys::after_ms(2)).header.status(),
           Errc::timed_out);
}

void a_new_server_undoes_giving_up()
{
    Service service;
    equals(ask(service, letter(Ask::echo, 0)).header.status(), Errc::ok);
    service.server->kill();
    works(sys::give_up(service.endpoint.borrow()));
    service.start();
    that(!info_of(service).given_up, "still given up");
    equals(ask(service, letter(Ask::echo, 0)).header.status(), Errc::peer_restarted);
    echoes(service, 8);
}

void strange_ways_to_give_up()
{
    const Service service;
    for (const u64 value : {u64{2}, u64{3}, ~u64{0}})
        fails(sys::perform(abi::Syscall::endpoint_give_up, service.endpoint.slot(), value),
              Errc::bad_argument);
}

// Two servers of one endpoint; the one that received dies. The endpoint stays served, its epoch
// stays; the next time it really loses its server the badge must hear of it again.
void one_of_two_servers_dies()
{
    Service service;
    std::optional<check::Child> second{served::start_server(service.endpoint.borrow())};
    check::until_others_block();
    equals(ask(service, letter(Ask::die, 8, {1})).header.status(), Errc::peer_restarted);
    echoes(service, 1);
    equals(info_of(service).epoch, 1);
    service.server.reset();
    second.reset();
    service.start();
    equals(info_of(service).epoch, 2);
    equals(ask(service, letter(Ask::echo, 8, {2})).header.status(), Errc::peer_restarted);
    echoes(service, 3);
}

// A client dies in line, and while its request is being worked on; the server goes on.
void clients_die()
{
    const Service service;
    const auto victim_badge = need(sys::mint(service.endpoint.borrow(), 13));
    for (const bool at_once : {true, false}) {
        check::Starter starter{"call", {.arguments = {"5"}, .priority = 20}};
        starter.grant("target", victim_badge.slot(), abi::Kind::endpoint, abi::right::call);
        const check::Child victim = starter.run();
        Caller busy{service.client.borrow(), letter(Ask::hold, 8, {5})};
        Threaded<Caller> thread{&call_once, busy};
        if (!at_once)
            check::until_others_block();
        victim.kill();
        thread.join();
        equals(busy.answer.header.status(), Errc::ok);
    }
    echoes(service, 5);
}

constexpr std::array cases{
    check::Case{"a server that dies with a request tells its caller, once", told_once},
    check::Case{"a restart is told once although the manager answers meanwhile",
                told_once_although_the_manager_answers},
    check::Case{"a client that was idle hears of the restart with its next call, once",
                idle_clients_are_told_once},
    check::Case{"duplicates of one badge are told together", duplicates_share_what_they_saw},
    check::Case{"callers in line stay for the next server", queued_callers_wait_for_the_next},
    check::Case{"the epoch of an endpoint counts its servers", epochs_count_servers},
    check::Case{"watchers hear of a server lost, a server back, and giving up",
                watchers_hear_of_all_three},
    check::Case{"a manager hears of calls whose deadline passes", managers_hear_of_late_calls},
    check::Case{"a server attends to its endpoint while it waits there", waiting_servers_attend},
    check::Case{"a watch raises no bit that its handle does not have", watches_keep_to_the_mask},
    check::Case{"watching needs a right on both sides", watching_needs_rights},
    check::Case{"an endpoint that is given up answers at once, until that is undone", given_up},
    check::Case{"a new server undoes giving up", a_new_server_undoes_giving_up},
    check::Case{"giving up knows yes and no only", strange_ways_to_give_up},
    check::Case{"one of two servers dies, and later restarts are still told",
                one_of_two_servers_dies},
    check::Case{"clients that die in line or while being served harm nobody", clients_die},
};

}  // namespace

const check::Cases death_cases{cases};
