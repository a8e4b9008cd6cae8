// fault/interrupts.cpp - interrupts of the victim that never come, come twice, or come late.

#include "fault/order.hpp"
#include "object/interrupt.hpp"
#include "sched/cpu.hpp"

namespace kernel::fault {

namespace {

constinit Interrupt* twice = nullptr;  // again, when it was acknowledged
constinit Interrupt* late = nullptr;   // still active in the interrupt controller
constinit abi::Ticks late_until = abi::never;
constinit bool passing = false;  // the late one fires now

void let_pass()
{
    Interrupt& line = *std::exchange(late, nullptr);
    passing = true;
    line.fire();
    passing = false;
}

bool drop(Interrupt& line)
{
    Gic::deactivate(line.line());
    fired(nullptr, {.address = line.line().raw()});
    return true;
}

bool delay(Interrupt& line)
{
    if (late != nullptr)
        return missed(), false;
    constexpr u64 per_second = 200;  // 5 ms
    Random random = order.random();
    const u64 ticks =
        order.detail != 0 ? order.detail : 1 + random.below(sysreg::cntfrq() / per_second);
    late = &line;
    late_until = abi::Ticks{sysreg::cntvct() + ticks};
    this_cpu().program_timer(late_until);
    fired(nullptr, {.address = line.line().raw(), .after = ticks});
    return true;
}

}  // namespace

bool on_interrupt(Interrupt& line)
{
    if (passing || !reaches(*line.owner(), Point::interrupt))
        return false;
    if (order.kind == Kind::drop_interrupt)
        return drop(line);
    if (order.kind == Kind::delay_interrupt)
        return delay(line);
    if (order.kind == Kind::duplicate_interrupt) {
        twice = &line;
        fired(nullptr, {.address = line.line().raw()});
    } else {
        order.due = true;
    }
    return false;
}

void on_rearmed(Interrupt& line)
{
    if (twice != &line)
        return;
    twice = nullptr;
    line.target()->signal(line.bit());
}

abi::Ticks on_timer(abi::Ticks now)
{
    if (late != nullptr && late_until <= now)
        let_pass();
    return late != nullptr ? late_until : abi::never;
}

// A line that is still active would never fire for the next owner.
void forget_interrupts(const Process&)
{
    if (late != nullptr && late->owner() == nullptr)
        let_pass();
    if (twice != nullptr && twice->owner() == nullptr)
        twice = nullptr;
}

}  // namespace kernel::fault
