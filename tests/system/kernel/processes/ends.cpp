// ends.cpp - how processes end: by themselves, killed in whatever they do, and who hears of it.
#include "cases.hpp"

#include <check/actor.hpp>
#include <check/child.hpp>
#include <check/threads.hpp>

namespace {

using abi::ExitCause;
using check::Child;
using check::equals;
using check::fails;
using check::need;
using check::Starter;
using check::works;

void exit_codes()
{
    for (const std::string_view code : {"0", "1", "255", "0x123456789abcdef0"}) {
        const auto info = check::run_actor("exit", {.arguments = {code}});
        equals(info.state, abi::ProcessState::dead);
        equals(info.exit.cause, ExitCause::exited);
        equals(info.exit.code, need(text::parse_number(code)));
    }
    equals(check::run_actor("return", {.arguments = {"77"}}).exit.code, 77);
}

struct Setup {
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> badged = need(sys::mint(endpoint.borrow(), 5));
    sys::Handle<sys::Notification> ready = need(sys::create_notification());

    Child start(std::string_view behaviour, const check::Options& options = {})
    {
        Starter starter{behaviour, options};
        starter.grant("serve", endpoint.slot(), abi::Kind::endpoint, abi::right::receive);
        starter.grant("target", badged.slot(), abi::Kind::endpoint, abi::right::call);
        starter.grant("ready", ready.slot(), abi::Kind::notification, abi::right::signal);
        starter.grant_self();
        return starter.run();
    }
    void wait_ready() { need(sys::wait(ready.borrow(), check::patience())); }
};

void killed(const Child& child)
{
    child.kill();
    const auto info = child.wait();
    equals(info.state, abi::ProcessState::dead);
    equals(info.exit.cause, ExitCause::killed);
    equals(info.handles_used, 0u);
    equals(info.threads_used, 0u);
    works(sys::kill(child.process()));  // dead already: nothing happens
    equals(child.info().exit.cause, ExitCause::killed);
}

void killed_in_every_state()
{
    for (const std::string_view behaviour : {"spin", "sleep", "receive", "call"}) {
        Setup setup;
        const Child child = setup.start(behaviour, {.priority = 10});
        setup.wait_ready();
        check::sleep_ms(1);
        killed(child);
    }
}

void killed_before_it_runs()
{
    Setup setup;
    const Child child = setup.start("spin", {.priority = 0});
    killed(child);
}

void killed_with_a_deadline()
{
    Setup setup;
    const Child child = setup.start("sleep", {.arguments = {"20"}, .priority = 10});
    setup.wait_ready();
    check::sleep_ms(1);
    killed(child);
    check::sleep_ms(25);  // its deadline passes without it
}

void killed_with_many_threads()
{
    for (const std::string_view behaviour : {"sleeping_threads", "spinning_threads"}) {
        Setup setup;
        const Child child =
            setup.start(behaviour, {.arguments = {"7"}, .threads = 8, .priority = 5});
        check::that(check::eventually([&] { return child.info().threads_used == 8; }),
                    "not all threads were made");
        killed(child);
    }
}

// Its caller is told once, and its next call waits for the next server.
void killed_while_it_owes()
{
    Setup setup;
    const Child child = setup.start("owe", {.priority = 20});
    struct Killer {
        Setup& setup;
        const Child& victim;
    };
    Killer killer{setup, child};
    check::Threaded<Killer> thread{+[](Killer& k) {
                                       k.setup.wait_ready();
                                       k.victim.kill();
                                   },
                                   killer};
    const auto in =
        sys::call(setup.badged.borrow(), {abi::Header::make(1, 0), {}}, check::patience());
    equals(in.header.status(), Errc::peer_restarted);
    thread.join();
    const auto next =
        sys::call(setup.badged.borrow(), {abi::Header::make(1, 0), {}}, sys::after_ms(2));
    equals(next.header.status(), Errc::timed_out);
}

void kills_itself()
{
    Setup setup;
    const auto info = setup.start("kill_self").wait();
    equals(info.exit.cause, ExitCause::killed);
}

void watched()
{
    const auto bell = need(sys::create_notification());
    const Child child = Starter{"exit", {.arguments = {"3"}}}.run();
    (void)child.wait();
    works(sys::watch(child.process(), bell.borrow(),
                     abi::Bits::at(5)));  // dead already: told at once
    equals(need(sys::wait(bell.borrow(), abi::now)), abi::Bits::at(5));
    const auto weak = need(sys::duplicate(child.process(), abi::right::manage));
    fails(sys::watch(weak.borrow(), bell.borrow(), abi::Bits::at(5)), Errc::denied);
    const auto mute = need(sys::duplicate(bell.borrow(), abi::right::wait));
    fails(sys::watch(child.process(), mute.borrow(), abi::Bits::at(5)), Errc::denied);
    fails(sys::watch(child.process(), {abi::Slot{12345}}, abi::Bits::at(5)), Errc::bad_handle);
    fails(sys::watch(child.process(), {check::self().slot}, abi::Bits::at(5)), Errc::wrong_kind);
    const auto masked = need(sys::duplicate(bell.borrow(), abi::right::signal, abi::Bits::at(1)));
    works(sys::watch(child.process(), masked.borrow(), abi::Bits{3}));
    equals(need(sys::wait(bell.borrow(), abi::now)), abi::Bits::at(1));
}

void the_dead_take_nothing()
{
    const Child child = Starter{"exit", {.arguments = {"0"}}}.run();
    (void)child.wait();
    const auto memory = need(sys::create_memory(Bytes{page_bytes}));
    fails(sys::map_into(child.process(), memory.borrow(), Bytes{page_bytes}, sys::read_only,
                        VirtAddr{0x10000}),
          Errc::peer_gone);
    fails(sys::grant(child.process(), memory.slot(), abi::right::read), Errc::peer_gone);
    fails(sys::create_thread(child.process(), VirtAddr{0x400000}, VirtAddr{0x1000}, 0, 0),
          Errc::peer_gone);
    fails(sys::create_process(child.process(), {8, 0, 0, 0, text::padded<16>("late"), 0, 0}),
          Errc::peer_gone);
}

void forgotten_without_a_kill()
{
    Setup setup;
    const auto info = setup.start("forget_fresh").wait();
    equals(info.exit.cause, ExitCause::exited);
    equals(info.exit.code, 0);
}

// Made, given things, and dropped: it never ran, and nobody killed it.
void dropped_before_it_ran()
{
    const auto fresh =
        need(sys::create_process(check::self(), {32, 8, 1, 0, text::padded<16>("fresh"), 0, 0}));
    const auto memory = need(sys::create_memory(Bytes{3 * page_bytes}));
    const auto endpoint = need(sys::create_endpoint());
    need(sys::map_into(fresh.borrow(), memory.borrow(), Bytes{3 * page_bytes}, sys::read_only,
                       VirtAddr{0x10000}));
    need(sys::grant(fresh.borrow(), memory.slot(), abi::right::read));
    need(sys::grant(fresh.borrow(), endpoint.slot(), abi::right::receive));
}

// Nobody but itself holds a handle to it: it ends with its creator.
void dropped_with_itself()
{
    Setup setup;
    equals(setup.start("forget_itself").wait().exit.code, 0);
}

void children_end_with_their_creator()
{
    Setup setup;
    equals(setup.start("orphan", {.threads = 3}).wait().exit.code, 0);
    check::sleep_ms(2);
}

constexpr std::array cases{
    check::Case{"an exit code arrives whole", exit_codes},
    check::Case{"a process is killed whatever it does", killed_in_every_state},
    check::Case{"a process is killed before it ran", killed_before_it_runs},
    check::Case{"a process is killed while a deadline runs, which then passes",
                killed_with_a_deadline},
    check::Case{"a process is killed with all its threads", killed_with_many_threads},
    check::Case{"the caller of a server that is killed is told once", killed_while_it_owes},
    check::Case{"a process can kill itself", kills_itself},
    check::Case{"a watch tells of a death, before or after it was set", watched},
    check::Case{"a dead process can be given nothing", the_dead_take_nothing},
    check::Case{"a process that never ran leaves nothing when its creator ends",
                forgotten_without_a_kill},
    check::Case{"a process that never ran leaves nothing when its last handle is closed",
                dropped_before_it_ran},
    check::Case{"a process that never ran and holds itself ends with its creator",
                dropped_with_itself},
    check::Case{"a child that runs ends with its creator", children_end_with_their_creator},
};

}  // namespace

const check::Cases end_cases{cases};
