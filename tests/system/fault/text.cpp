// fault/text.cpp - instructions of a victim that change, and what it does then.
#include "cases.hpp"

namespace {

using check::equals;
using check::that;
using check::works;

// Before its first round, at an instruction that it will execute in it.
sys::FaultOrder at(const Victim& victim, Kind kind, Label label, u64 seed = 0)
{
    auto order = victim.order(kind, Point::called);
    order.detail = victim.label(label);
    order.seed = seed;
    return order;
}

// What the sequence stored.
u64 stored_after(Kind kind, Label label, u64 seed = 0)
{
    const Victim victim{"work"};
    victim.board().value = 77;
    works(sys::arm_fault(at(victim, kind, label, seed)));
    victim.start_round();
    that(victim.did(1), "it did not work");
    equals(report().fired_count, 1U);
    equals(report().address, victim.label(label));
    that(report().before != report().after, "nothing was changed");
    return victim.board().value;
}

void instructions_change()
{
    equals(stored_after(Kind::nop, Label::add), 3U);
    equals(stored_after(Kind::skipped_store, Label::store), 77U);
    equals(stored_after(Kind::wrong_destination, Label::add, 2), 3U);
    bool other = false;  // it may find the same number there
    bool more = false;
    bool less = false;
    for (u64 seed = 0; seed < 8; ++seed) {
        other = other || stored_after(Kind::wrong_source, Label::add, seed) != 4;
        const u64 stored = stored_after(Kind::off_by_one, Label::add, seed);
        more = more || stored == 5;
        less = less || stored == 3;
        that(stored == 5 || stored == 3, "it is off by more than one");
    }
    that(other, "it reads the same register");
    that(more && less, "it is off in one direction only");
}

void branches_turn()
{
    const Victim victim{"work"};
    works(sys::arm_fault(at(victim, Kind::inverted_branch, Label::branch)));
    victim.start_round();
    that(victim.did(1), "it did not work");
    equals(report().before ^ report().after, u64{1} << 24);
}

// The record of its end is that of the instruction.
void traps()
{
    const Victim victim{"work"};
    const auto exit = victim.suffer(at(victim, Kind::trap, Label::store));
    equals(exit.cause, abi::ExitCause::fault);
    equals(exit.esr >> 26, 0U);  // unknown reason
    equals(exit.pc, victim.label(Label::store));
    equals(report().after, 0U);
    const Victim here{"work"};
    const auto next = here.suffer(here.order(Kind::trap, Point::call, 3));
    equals(next.cause, abi::ExitCause::fault);
    equals(next.pc, report().pc);
    equals(report().address, report().pc);
}

void loops()
{
    const Victim victim{"work"};
    works(sys::arm_fault(at(victim, Kind::loop, Label::store)));
    victim.start_round();
    that(check::eventually([] { return report().fired_count == 1; }), "it was not changed");
    check::sleep_ms(2);
    equals(victim.board().rounds, 0U);
    equals(victim.child().info().state, abi::ProcessState::running);
    victim.child().kill();
}

// Where nobody says where.
void places_follow_the_seed()
{
    for (const auto kind : {Kind::flip_text, Kind::nop, Kind::wrong_source, Kind::wrong_destination,
                            Kind::inverted_branch, Kind::off_by_one, Kind::skipped_store})
        for (const u64 flags : {u64{0}, abi::FaultFlags::near}) {
            std::array<abi::FaultReport, 3> told;
            for (u64 i = 0; i < told.size(); ++i) {
                const Victim victim{"work"};
                auto order = victim.order(kind, Point::called);
                order.flags = flags;
                order.seed = 40 + i / 2;
                works(sys::arm_fault(order));
                victim.start_round();
                that(check::eventually([] { return report().fired_count == 1; }), "no change");
                told[i] = report();
                that(flags == 0 || told[i].address - told[i].pc + 256 < 512, "it is not near");
            }
            equals(told[0].address, told[1].address);
            equals(told[0].after, told[1].after);
            that(told[0].address != told[2].address || told[0].after != told[2].after,
                 "another seed means the same");
        }
}

// A process has its text for itself, and the next one has it as new.
void others_are_clean()
{
    Victim beside{"work", "beside"};
    {
        const Victim victim{"work"};
        (void)victim.suffer(at(victim, Kind::trap, Label::begin));
    }
    that(beside.lives(), "somebody else has the same text");
    equals(beside.board().value, 4U);
    Victim next{"work"};
    that(next.lives(), "the next one has the same text");
    equals(next.board().value, 4U);
}

// An order for what is no instruction finds nothing, and tries again.
void misses()
{
    Victim victim{"work"};
    auto order = at(victim, Kind::nop, Label::add);
    order.detail = 0x70'0000'0000;
    works(sys::arm_fault(order));
    that(victim.lives(), "it was hurt");
    equals(report().fired_count, 0U);
    equals(report().missed, 6U);
    equals(report().state, abi::FaultState::armed);
}

constexpr std::array cases{
    check::Case{"an instruction becomes another one, and does what that does", instructions_change},
    check::Case{"a branch turns", branches_turn},
    check::Case{"an instruction becomes undefined where the order says", traps},
    check::Case{"a victim loops where the order says", loops},
    check::Case{"which instruction changes, and how, follows from the seed",
                places_follow_the_seed},
    check::Case{"text that was changed is nobody else's", others_are_clean},
    check::Case{"an order that finds nothing to change tries again", misses},
};

}  // namespace

const check::Cases text_cases{cases};
