// fault/step.cpp - one instruction of the victim at a time (Arm ARM D2.12, software step), and
// what cannot be taken apart: a load-exclusive and its store run up to a breakpoint.

#include "arch/aarch64/sysreg.hpp"
#include "fault/access.hpp"
#include "fault/inspector.hpp"
#include "sched/cpu.hpp"

namespace kernel::fault {

namespace {

constexpr u64 step_enabled = bit<0>;                      // MDSCR_EL1.SS
constexpr u64 breakpoints_enabled = bit<15>;              // MDSCR_EL1.MDE
constexpr u64 debug_channel_traps = bit<12>;              // as main.cpp has it
constexpr u64 one_instruction = bit<21>;                  // SPSR_EL1.SS
constexpr u64 breakpoint_at_el0 = 0xf << 5 | 2 << 1 | 1;  // DBGBCR: all bytes, EL0, enabled

constinit std::array<u64, max_cpus> in_force{};  // MDSCR_EL1; zero: as it began

void set(u32 cpu, u64 enabled)
{
    const u64 value = debug_channel_traps | enabled;
    if (std::exchange(in_force[cpu], value) == value)
        return;
    sysreg::set_oslar(0);  // locked by reset
    sysreg::set_mdscr(value);
}

// If the next instruction is a load-exclusive: where it and its store are behind the thread.
void find_stops(Thread& thread)
{
    std::array<u32, exclusive_reach> words{};
    usize count = 0;
    while (count < words.size()) {
        const u32* const at = Inspector::at<u32>(thread.process(), thread.pc + count * 4);
        if (at == nullptr || (count == 0 && !load_exclusive(*at)))
            break;
        words[count++] = *at;
    }
    const auto past = past_exclusive(std::span{words}.first(count));
    if (!past)
        return;
    const auto from_pc = [&](i64 offset) { return thread.pc + static_cast<u64>(offset); };
    thread.fault.stops = {from_pc(past->store),
                          from_pc(past->branch != 0 ? past->branch : past->store)};
}

}  // namespace

// A thread that an interrupt stopped before it did its instruction still has its bit.
void set_debug(Thread* thread, u32 cpu)
{
    if (thread == nullptr)
        return set(cpu, 0);
    Marks& marks = thread->fault;
    if (std::exchange(marks.order, order.number) != order.number)
        marks.goes_on = true, marks.stops = {};
    if (std::exchange(marks.goes_on, false)) {
        thread->spsr |= one_instruction;
        find_stops(*thread);
    }
    if (marks.stops[0] == 0)
        return set(cpu, step_enabled);
    sysreg::set_dbgbvr0(marks.stops[0]);
    sysreg::set_dbgbvr1(marks.stops[1]);
    sysreg::set_dbgbcr0(breakpoint_at_el0);
    sysreg::set_dbgbcr1(breakpoint_at_el0);
    set(cpu, breakpoints_enabled);
}

bool took_debug_exception(Thread& thread, u64 exception_class)
{
    constexpr u64 breakpoint = 0x30;
    constexpr u64 step = 0x32;
    if (exception_class != breakpoint && exception_class != step)
        return false;
    thread.fault.goes_on = true;
    thread.fault.stops = {};
    if (&thread.process() == order.victim && order.steps())
        (void)at_point(thread, Point::step);
    return true;
}

}  // namespace kernel::fault
