// smp/main.cpp - programs on several CPUs: they run at once, call and wake each other, and one that
// is killed while it runs on another CPU is gone at once.
#include "cases.hpp"

#include <optional>

#include <check/actor.hpp>
#include <check/child.hpp>
#include <check/threads.hpp>

namespace {

using abi::Bits;
using check::Child;
using check::equals;
using check::need;
using check::Starter;
using check::that;
using check::Threaded;
using check::works;

namespace right = abi::right;

u32 cpus() { return need(sys::system_info()).cpus; }

// CPUs but the first, which this program has.
template <class F>
void on_each_other_cpu(F f)
{
    for (u32 cpu = 2; cpu <= cpus(); ++cpu)
        f(cpu);
}

void all_started()
{
    const auto info = need(sys::system_info());
    equals(info.cpus, info.cpus_present);
    that(info.cpus > 1, "the machine has one CPU");
    equals(need(sys::info(check::self())).cpu, 1);  // as the cases below suppose
}

Child spinner(u32 cpu, sys::Borrowed<sys::Notification> ready)
{
    Starter starter{"spin", {.priority = check::own_priority, .cpu = cpu}};
    starter.grant("ready", ready.slot, abi::Kind::notification, right::signal);
    return starter.run();
}

// A thread of this program, less important than the spinners, counts to its end beside them.
void spinners_elsewhere_stop_nobody()
{
    const auto ready = need(sys::create_notification());
    std::array<std::optional<Child>, 8> spinners;
    on_each_other_cpu([&](u32 cpu) {
        spinners[cpu - 1].emplace(spinner(cpu, ready.borrow()));
        need(sys::wait(ready.borrow(), sys::after_ms(5'000)));
    });
    u64 count = 0;
    Threaded<u64> thread{+[](u64& n) {
                             while (n < 100'000)
                                 __atomic_store_n(&n, n + 1, __ATOMIC_RELAXED);
                         },
                         count, 5};
    thread.join();
    equals(count, 100'000);
    for (const auto& each : spinners)
        if (each)
            that(!each->dead(), "a spinner ended");
}

// The other direction: killed while it runs, again and again, it is dead when the call returns.
void killed_while_they_run()
{
    const auto ready = need(sys::create_notification());
    const auto before = need(sys::system_info());
    for (u32 round = 0; round < 20; ++round)
        on_each_other_cpu([&](u32 cpu) {
            const Child child = spinner(cpu, ready.borrow());
            equals(child.info().cpu, cpu);
            need(sys::wait(ready.borrow(), sys::after_ms(5'000)));
            child.kill();
            that(child.dead(), "alive after it was killed");
        });
    const auto after = need(sys::system_info());
    equals(after.frames_free, before.frames_free);
    equals(after.threads, before.threads);
    equals(after.handles, before.handles);
    equals(after.processes, before.processes);
}

// What one leaves in the FP registers of a CPU, the next one does not find.
void fp_registers_are_nobodys()
{
    for (u32 round = 0; round < 5; ++round)
        on_each_other_cpu(
            [&](u32 cpu) { equals(check::run_actor("fp_registers", {.cpu = cpu}).exit.code, 0); });
}

abi::Header echo_of(u64 size)
{
    return abi::Header::make(static_cast<u16>(check::Ask::echo), size);
}

struct Echo {
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> client = need(sys::mint(endpoint.borrow(), 77));
    Child server;

    explicit Echo(u32 cpu, std::string_view takes) : server{start(cpu, takes)} {}

    Child start(u32 cpu, std::string_view takes)
    {
        Starter starter{"serve", {.arguments = {takes}, .priority = 20, .cpu = cpu}};
        starter.grant("serve", endpoint.slot(), abi::Kind::endpoint, right::receive);
        return starter.run();
    }
};

// Messages in registers and in the message page, to a server that takes handles and one that does
// not.
void calls_to_another_cpu()
{
    on_each_other_cpu([](u32 cpu) {
        for (const std::string_view takes : {"0", "4"}) {
            const Echo echo{cpu, takes};
            for (u64 round = 0; round < 150; ++round) {
                const u64 size = round % 3 == 0 ? 512 : 56;
                auto& page = sys::message_page().payload;
                for (usize i = 0; i < page.size(); ++i)
                    page[i] = static_cast<u8>(round + i);
                const auto in =
                    sys::call(echo.client.borrow(), {echo_of(size), {round, 2, 3, 4, 5, 6, 7}},
                              sys::after_ms(5'000));
                equals(in.header.status(), Errc::ok);
                equals(in.header.size(), size);
                if (size <= 56)
                    equals(in.words[0], round);
                else
                    equals(page[511], static_cast<u8>(round + 511));
            }
        }
    });
}

// A server that runs elsewhere is killed amid calls: each gets an answer, its own or the kernel's.
void servers_die_elsewhere()
{
    on_each_other_cpu([](u32 cpu) {
        for (u32 round = 0; round < 5; ++round) {
            const Echo echo{cpu, "0"};
            struct Killer {
                const Child& victim;
            } killer{echo.server};
            Threaded<Killer> thread{+[](Killer& k) {
                                        check::sleep_ms(1);
                                        k.victim.kill();
                                    },
                                    killer};
            for (;;) {
                const auto in =
                    sys::call(echo.client.borrow(), {echo_of(8), {round}}, sys::after_ms(100));
                if (in.header.status() == Errc::ok)
                    continue;
                that(in.header.status() == Errc::peer_restarted
                         || in.header.status() == Errc::gave_up
                         || in.header.status() == Errc::timed_out,
                     "a call ended with a strange error");
                break;
            }
            thread.join();
        }
    });
}

// Doorbells to and fro, each side asleep when it is rung.
void bells_to_and_fro()
{
    on_each_other_cpu([](u32 cpu) {
        const auto go = need(sys::create_notification());
        const auto ready = need(sys::create_notification());
        Starter starter{"ping", {.cpu = cpu}};
        starter.grant("go", go.slot(), abi::Kind::notification, right::wait);
        starter.grant("ready", ready.slot(), abi::Kind::notification, right::signal);
        const Child child = starter.run();
        equals(need(sys::wait(ready.borrow(), sys::after_ms(5'000))), Bits::at(0));
        for (u32 round = 0; round < 300; ++round)
            equals(need(sys::signal_wait(go.borrow(), Bits::at(1), ready.borrow(),
                                         sys::after_ms(5'000))),
                   Bits::at(0));
    });
}

// Each CPU has deadlines of its own.
void deadlines_everywhere()
{
    std::array<std::optional<Child>, 8> sleepers;
    on_each_other_cpu([&](u32 cpu) {
        Starter starter{"sleep", {.arguments = {"20"}, .cpu = cpu}};
        sleepers[cpu - 1].emplace(starter.run());
    });
    for (const auto& each : sleepers)
        if (each)
            equals(each->wait().exit.code, 0);
}

void by_turns()
{
    std::array<u32, 8> programs{};
    for (u32 i = 0; i < 3 * cpus(); ++i) {
        const Child child = Starter{"sleep", {.arguments = {"0"}, .cpu = check::by_turns}}.run();
        ++programs.at(child.info().cpu - 1);
    }
    for (u32 cpu = 0; cpu < cpus(); ++cpu)
        equals(programs[cpu], 3);
}

constexpr std::array cases{
    check::Case{"all CPUs of the machine run", all_started},
    check::Case{"spinners on other CPUs stop nobody here", spinners_elsewhere_stop_nobody},
    check::Case{"a program that runs on another CPU dies when it is killed", killed_while_they_run},
    check::Case{"floating point registers of other CPUs tell nothing", fp_registers_are_nobodys},
    check::Case{"calls reach a server on another CPU", calls_to_another_cpu},
    check::Case{"a server on another CPU dies amid calls", servers_die_elsewhere},
    check::Case{"doorbells wake sleepers on other CPUs", bells_to_and_fro},
    check::Case{"deadlines pass on every CPU", deadlines_everywhere},
    check::Case{"programs get CPUs by turns", by_turns},
};

}  // namespace

int app_main(const sys::Startup& given)
{
    return check::run(given, {cases, bell_cases, race_cases});
}
