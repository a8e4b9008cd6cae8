// fault/steps.cpp - a victim is stepped: each of its instructions is a point.
#include "cases.hpp"

namespace {

using check::equals;
using check::that;
using check::works;

// Where it goes on after its n-th instruction.
u64 pc_after(u64 n)
{
    const Victim victim{"work"};
    const auto exit = victim.suffer(victim.order(Kind::kill, Point::step, n));
    equals(exit.cause, abi::ExitCause::killed);
    equals(exit.pc, report().pc);
    equals(report().events[static_cast<usize>(Point::step)], n);
    return exit.pc;
}

// After how many it begins with the sequence.
u64 steps_to(u64 address)
{
    for (u64 n = 1; n < 200; ++n)
        if (pc_after(n) == address)
            return n;
    check::failed("it never came there", std::source_location::current());
    return 0;
}

u64 offset(const Victim& victim, Label label)
{
    return victim.label(label) - victim.label(Label::begin);
}

void each_instruction()
{
    const Victim known{"work"};
    const u64 begin = known.label(Label::begin);
    const u64 n = steps_to(begin);
    constexpr u64 in_front = 7;  // up to the branch, one by one
    for (u64 i = 1; i < in_front; ++i)
        equals(pc_after(n + i) - begin, 4 * i);
    // Taken, over the instruction behind it; then load, addition and store are one.
    equals(pc_after(n + in_front) - begin, offset(known, Label::exclusive));
    equals(pc_after(n + in_front + 1) - begin, offset(known, Label::past_exclusive));
    equals(pc_after(n + in_front + 3) - begin, offset(known, Label::end));
}

// All instructions of a run are counted, as often as one likes; and it works as if it were not
// stepped.
void steps_are_counted()
{
    std::array<u64, 2> steps{};
    for (u64& count : steps) {
        const Victim victim{"work"};
        works(sys::arm_fault(victim.order(Kind::count, Point::step)));
        victim.start_round();
        that(victim.did(1), "it did not work");
        victim.start_round();
        equals(victim.end().code, well);
        equals(victim.board().value, 4U);
        equals(victim.board().counter, 2U);
        count = report().events[static_cast<usize>(Point::step)];
    }
    equals(steps[0], steps[1]);
    that(steps[0] > 40 && steps[0] < 1'000, "that is not the length of two rounds");
}

// Up to an exact instruction, and from there on alone.
void stepping_ends()
{
    Victim victim{"work"};
    auto order = victim.order(Kind::flip_register, Point::step, 3);
    order.detail = 28;  // x27: nobody's
    works(sys::arm_fault(order));
    that(victim.lives(), "it was hurt");
    equals(report().fired_count, 1U);
    equals(report().events[static_cast<usize>(Point::step)], 3U);
    that(victim.board().value == 4, "it did not work");
}

// Threads that are stepped, on one CPU or two, and increment one counter by exclusives.
void threads_are_stepped()
{
    const Victim victim{"share"};
    works(sys::arm_fault(victim.order(Kind::count, Point::step)));
    victim.start_round();
    equals(victim.end().code, well);
    that(report().events[static_cast<usize>(Point::step)] > 1'000, "it was not stepped");
}

// Somebody else is not, and does not notice.
void others_are_not_stepped()
{
    Victim beside{"work", "beside"};
    Victim victim{"work"};
    works(sys::arm_fault(victim.order(Kind::count, Point::step)));
    beside.start_round();
    that(victim.lives() && beside.did(1), "one of them did not work");
    const u64 both = report().events[static_cast<usize>(Point::step)];
    const Victim alone{"work"};
    works(sys::arm_fault(alone.order(Kind::count, Point::step)));
    alone.start_round();
    that(alone.did(1), "it did not work");
    check::until_others_block();
    equals(report().events[static_cast<usize>(Point::step)], both);
}

// In the middle of a wait nothing is a step.
void waiting_is_no_step()
{
    const Victim victim{"work"};
    works(sys::arm_fault(victim.order(Kind::count, Point::step)));
    check::until_others_block();
    equals(report().events[static_cast<usize>(Point::step)], 0U);
}

constexpr std::array cases{
    check::Case{"a victim is stopped after its n-th instruction", each_instruction},
    check::Case{"all instructions of a run are counted", steps_are_counted},
    check::Case{"who was stepped goes on alone afterwards", stepping_ends},
    check::Case{"threads that are stepped finish their exclusives", threads_are_stepped},
    check::Case{"only the victim is stepped", others_are_not_stepped},
    check::Case{"who waits is not stepped", waiting_is_no_step},
};

}  // namespace

const check::Cases step_cases{cases};
