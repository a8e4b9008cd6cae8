// main.cpp - two CPUs and one interrupt controller: who takes what, and who may end it.
#include "board.hpp"

#include <array>

extern "C" [[noreturn]] void first_main();

namespace {

using board::Cpu;
using board::nothing;
using board::on;
using board::Order;
using board::serial;
using board::spare;
using board::timer;
using kernel::gic;
using kernel::IntId;

constinit bool failed = false;

void expect(bool good) { failed = failed || !good; }

bool takes(Cpu cpu, IntId what) { return on(cpu, Order::take) == what.raw(); }
bool is_quiet(Cpu cpu) { return on(cpu, Order::take) == nothing; }
void deactivate(Cpu cpu, IntId line) { on(cpu, Order::deactivate, line.raw()); }
void send(Cpu from, Cpu to) { on(from, Order::send_ipi, static_cast<u32>(to)); }

void take_and_end(Cpu cpu, IntId what)
{
    expect(takes(cpu, what));
    deactivate(cpu, what);
}

void ipis_arrive()
{
    for (const Cpu from : {Cpu::first, Cpu::second, Cpu::first}) {
        for (const Cpu to : {Cpu::first, Cpu::second}) {
            send(from, to);
            expect(is_quiet(to == Cpu::first ? Cpu::second : Cpu::first));
            take_and_end(to, kernel::Gic::ipi);
            expect(is_quiet(to));
        }
    }
}

// A GICv2 delivers one from each, a GICv3 one of all.
void ipis_of_two_senders_end()
{
    send(Cpu::first, Cpu::first);
    send(Cpu::second, Cpu::first);
    take_and_end(Cpu::first, kernel::Gic::ipi);
    if (takes(Cpu::first, kernel::Gic::ipi))
        deactivate(Cpu::first, kernel::Gic::ipi);
    expect(is_quiet(Cpu::first));
    send(Cpu::second, Cpu::first);
    take_and_end(Cpu::first, kernel::Gic::ipi);
}

void the_timer_is_private()
{
    board::raise_timer();
    while (!takes(Cpu::first, timer))
        kernel::sysreg::yield();
    expect(is_quiet(Cpu::second));
    expect(is_quiet(Cpu::first));  // active
    deactivate(Cpu::first, timer);
    take_and_end(Cpu::first, timer);  // still raised: at the end of the first
    board::silence_timer();
    while (!is_quiet(Cpu::first))
        deactivate(Cpu::first, timer);
}

void lines_go_where_they_are_routed()
{
    gic.enable(spare, true, 1);
    for (const u32 cpu : {1u, 0u, 1u}) {
        gic.route(spare, cpu);
        board::raise(spare);
        expect(is_quiet(Cpu{1 - cpu}));
        take_and_end(Cpu{cpu}, spare);
        expect(is_quiet(Cpu{cpu}));
    }
    gic.disable(spare);
}

void any_cpu_deactivates()
{
    for (const u32 cpu : {0u, 1u}) {
        gic.enable(spare, true, cpu);
        board::raise(spare);
        expect(takes(Cpu{cpu}, spare));
        board::raise(spare);
        expect(is_quiet(Cpu{0}) && is_quiet(Cpu{1}));  // active
        deactivate(Cpu{1 - cpu}, spare);
        take_and_end(Cpu{cpu}, spare);
        expect(is_quiet(Cpu{cpu}));
        gic.disable(spare);
    }
}

void edges_wait_for_their_owner()
{
    for (const u32 cpu : {0u, 1u, 1u, 0u}) {
        board::raise(spare);
        expect(is_quiet(Cpu{0}) && is_quiet(Cpu{1}));  // masked
        gic.enable(spare, true, cpu);
        expect(is_quiet(Cpu{1 - cpu}));
        take_and_end(Cpu{cpu}, spare);
        gic.disable(spare);
    }
}

void unbound_elsewhere()
{
    gic.enable(spare, true, 1);
    board::raise(spare);
    expect(takes(Cpu{1}, spare));
    gic.disable(spare);
    deactivate(Cpu{0}, spare);
    for (const u32 next : {0u, 1u}) {
        gic.enable(spare, true, next);
        expect(is_quiet(Cpu{0}) && is_quiet(Cpu{1}));
        board::raise(spare);
        take_and_end(Cpu{next}, spare);
        gic.disable(spare);
    }
}

void levels_come_again()
{
    gic.enable(serial, false, 1);
    board::raise_serial();
    for (int i = 0; i < 3; ++i) {
        expect(takes(Cpu{1}, serial));
        expect(is_quiet(Cpu{1}));
        deactivate(Cpu{0}, serial);
    }
    expect(takes(Cpu{1}, serial));
    board::silence_serial();
    deactivate(Cpu{1}, serial);
    expect(is_quiet(Cpu{1}));
    gic.disable(serial);
}

struct Case {
    std::string_view name;
    void (*run)();
};

constexpr std::array cases{
    Case{"an IPI arrives once, at the CPU that it is for", ipis_arrive},
    Case{"IPIs of two senders end, and the next one arrives", ipis_of_two_senders_end},
    Case{"the timer fires on its own CPU, and again at its end", the_timer_is_private},
    Case{"a shared line fires where it is routed to", lines_go_where_they_are_routed},
    Case{"any CPU ends what another one took", any_cpu_deactivates},
    Case{"an edge of a masked line is for whom it is enabled for", edges_wait_for_their_owner},
    Case{"a line unbound while active elsewhere fires for the next owner", unbound_elsewhere},
    Case{"a level comes again until its device is silent", levels_come_again},
};

}  // namespace

void first_main()
{
    board::start();
    bool all = true;
    for (const Case& one : cases) {
        failed = false;
        one.run();
        board::print(failed ? "FAIL " : "PASS ");
        board::print(one.name);
        board::print("\n");
        all = all && !failed;
    }
    board::print(all ? "all cases passed\n" : "some cases failed\n");
    board::power_off();
}
