// fault/points.cpp - orders, the points of calls, and what a fault at one does to the victim alone.
#include "cases.hpp"

#include <cstring>

namespace {

using check::equals;
using check::fails;
using check::that;
using check::works;

constexpr u64 calls_to_the_end = 13;  // five, wait, five; then the page goes, and it exits

void orders_that_are_refused()
{
    const Victim victim{"work"};
    const auto good = victim.order(Kind::kill, Point::call);
    auto wrong = good;
    wrong.victim = "nobody";
    fails(sys::arm_fault(wrong), Errc::not_found);
    wrong.victim = "init";
    fails(sys::arm_fault(wrong), Errc::denied);
    for (const auto& [kind, point] : {std::pair{Kind::kill, Point::none},
                                      {Kind::fail_call, Point::step},
                                      {Kind::drop_interrupt, Point::call},
                                      {Kind::duplicate_message, Point::reply},
                                      {Kind::corrupt_message, Point::interrupt}})
        fails(sys::arm_fault(victim.order(kind, point)), Errc::bad_argument);
    fails(sys::arm_fault(victim.order(Kind::kill, Point::call, 0)), Errc::bad_argument);
    fails(sys::arm_fault(victim.order(static_cast<Kind>(abi::fault_kinds), Point::call)),
          Errc::bad_argument);
    wrong = good;
    wrong.flags = 4;
    fails(sys::arm_fault(wrong), Errc::bad_argument);
    fails(sys::perform(abi::fault_call, abi::no_slot, 0), Errc::bad_argument);
}

// Nothing is changed by an order that only counts, or that was taken back.
void events_are_counted()
{
    const Victim victim{"work"};
    works(sys::arm_fault(victim.order(Kind::count, Point::none)));
    victim.start_round();
    that(victim.did(1), "it did not work");
    victim.start_round();
    equals(victim.end().code, well);
    const auto counts = report();
    equals(counts.state, abi::FaultState::ended);
    equals(counts.fired_count, 0U);
    equals(counts.events[static_cast<usize>(Point::call)], calls_to_the_end);
    equals(counts.events[static_cast<usize>(Point::called)], calls_to_the_end);
    equals(counts.events[static_cast<usize>(Point::step)], 0U);
    const Victim spared{"work"};
    works(sys::arm_fault(spared.order(Kind::kill, Point::call)));
    works(sys::disarm_fault());
    equals(report().state, abi::FaultState::idle);
    spared.start_round();
    that(spared.did(1), "it did not work");
}

// The n-th one, by the record of its end, and nobody else.
void killed_at_a_call(Point point)
{
    Victim bystander{"work", "bystander"};
    for (u64 n = 1; n <= 6; ++n) {
        const Victim victim{"work"};
        const auto exit = victim.suffer(victim.order(Kind::kill, point, n));
        equals(exit.cause, abi::ExitCause::killed);
        equals(exit.esr, 0U);
        const auto told = report();
        equals(told.state, abi::FaultState::ended);
        equals(told.fired_count, 1U);
        equals(told.pc, exit.pc);
        equals(told.events[static_cast<usize>(point)], n);
        that(told.ticks != 0 && told.ticks <= told.end_ticks, "its times are wrong");
        equals(victim.board().value, 4U);
        equals(victim.board().rounds, point == Point::call && n == 6 ? 1U : 0U);
    }
    that(bystander.lives(), "somebody else was hurt");
}

void killed_before_calls() { killed_at_a_call(Point::call); }

// The first return is that of the wait for the round, before the work.
void killed_after_calls()
{
    const Victim victim{"work"};
    (void)victim.suffer(victim.order(Kind::kill, Point::called));
    equals(victim.board().value, 0U);
    const Victim later{"work"};
    (void)later.suffer(later.order(Kind::kill, Point::called, 6));
    equals(later.board().value, 4U);
}

void calls_fail()
{
    for (const auto point : {Point::call, Point::called}) {
        const Victim victim{"work"};
        auto order = victim.order(Kind::fail_call, point, 3);
        order.detail = static_cast<u64>(Errc::no_space);
        equals(victim.suffer(order).code, call_failed + static_cast<u64>(Errc::no_space));
        equals(report().detail, static_cast<u32>(Errc::no_space));
        equals(report().fired_count, 1U);
    }
}

// By the seed alone: the same error for the same one.
void errors_follow_the_seed()
{
    std::array<u64, 12> codes{};
    for (u64 i = 0; i < codes.size(); ++i) {
        const Victim victim{"work"};
        auto order = victim.order(Kind::fail_call, Point::call);
        order.seed = i % (codes.size() / 2);
        codes[i] = victim.suffer(order).code;
    }
    bool varied = false;
    for (u64 i = 0; i < codes.size() / 2; ++i) {
        equals(codes[i], codes[i + codes.size() / 2]);
        varied = varied || codes[i] != codes[0];
    }
    that(varied, "all seeds mean the same");
}

void blocked_for_ever()
{
    const Victim victim{"work"};
    works(sys::arm_fault(victim.order(Kind::block, Point::call, 2)));
    victim.start_round();
    that(check::eventually([] { return report().fired_count == 1; }), "it was not blocked");
    victim.start_round();
    check::until_others_block();
    equals(victim.board().rounds, 0U);
    equals(victim.child().info().state, abi::ProcessState::running);
    victim.child().kill();
    equals(report().state, abi::FaultState::ended);
}

void registers_flip()
{
    constexpr u64 x19 = 20;
    const Victim victim{"work"};
    auto order = victim.order(Kind::flip_register, Point::call, 2);
    order.detail = 33;  // pc
    order.seed = 5;
    const auto exit = victim.suffer(order);
    equals(exit.cause, abi::ExitCause::fault);
    const auto told = report();
    equals(told.address, 33U);
    equals(told.before, told.pc);
    that(std::has_single_bit(told.before ^ told.after), "it is not one bit");
    Victim other{"work"};
    order = other.order(Kind::flip_register, Point::call, 2);
    order.detail = x19;
    works(sys::arm_fault(order));
    other.start_round();
    that(check::eventually([] { return report().fired_count == 1; }), "nothing was flipped");
    that(std::has_single_bit(report().before ^ report().after), "it is not one bit");
}

// Of the page that both have mapped one bit, and of nothing else that this program sees.
void shared_memory_flips()
{
    const Victim victim{"work"};
    std::array<std::byte, page_bytes> page;
    std::memcpy(page.data(), &victim.board(), page.size());
    auto order = victim.order(Kind::flip_shared, Point::called);
    order.seed = 11;
    works(sys::arm_fault(order));
    victim.start_round();
    that(check::eventually([] { return report().fired_count == 1; }), "nothing was flipped");
    const u64 at = report().address % page_bytes;
    u64 was = 0;
    u64 is = 0;
    std::memcpy(&was, &page[at], sizeof(was));
    std::memcpy(&is, reinterpret_cast<const std::byte*>(&victim.board()) + at, sizeof(is));
    equals(was, report().before);
    equals(is, report().after);
    that(std::has_single_bit(was ^ is), "it is not one bit");
}

void own_memory_flips()
{
    for (const auto kind : {Kind::flip_stack, Kind::flip_data}) {
        std::array<abi::FaultReport, 2> told;
        for (auto& one : told) {
            const Victim victim{"work"};
            auto order = victim.order(kind, Point::called);
            order.seed = 3;
            works(sys::arm_fault(order));
            victim.start_round();
            that(check::eventually([] { return report().fired_count == 1; }), "nothing flipped");
            one = report();
            that(std::has_single_bit(one.before ^ one.after), "it is not one bit");
        }
        equals(told[0].address, told[1].address);
        equals(told[0].after, told[1].after);
    }
}

// Again and again until it ends: a call that fails, and the next one.
void bursts_end()
{
    const Victim victim{"work"};
    auto order = victim.order(Kind::fail_call, Point::called, 2);
    order.period = 1;
    order.detail = static_cast<u64>(Errc::no_space);
    equals(victim.suffer(order).code, call_failed + static_cast<u64>(Errc::no_space));
    equals(report().fired_count, 2U);
    const Victim flipped{"work"};
    order = flipped.order(Kind::flip_register, Point::step, 20);
    order.period = 3;
    works(sys::arm_fault(order));
    flipped.start_round();
    that(check::eventually([] { return report().fired_count > 5; }), "there was no burst");
}

// The one that is made after the order, and gets its name.
void the_next_one_of_a_name()
{
    Victim old{"work"};
    auto order = old.order(Kind::kill, Point::call);
    order.flags = abi::FaultFlags::next;
    works(sys::arm_fault(order));
    that(old.lives(), "the wrong one was hurt");
    equals(report().state, abi::FaultState::expected);
    check::Starter starter{"work", {.image = "test_victim", .name = "victim", .epoch = 5}};
    const auto next = starter.run();
    (void)next.wait();
    equals(report().epoch, 5U);
    equals(report().state, abi::FaultState::ended);
}

// Kinds, points and seeds by lot, to victims without a device: whatever they do then, they can be
// ended, and nothing is left (the suite looks at that).
void whatever_is_ordered()
{
    check::Random random{2026};
    Victim bystander{"work", "bystander"};
    for (u64 i = 0; i < 60; ++i) {
        const Victim victim{random.below(2) != 0 ? "serve" : "work"};
        sys::FaultOrder order = victim.order(static_cast<Kind>(random.below(abi::fault_kinds)),
                                             static_cast<Point>(random.below(abi::fault_points)),
                                             1 + random.below(random.below(2) != 0 ? 100 : 6));
        order.flags = abi::FaultFlags::near * random.below(2);
        order.period = random.below(4);
        order.seed = random.next();
        if (!sys::arm_fault(order))
            continue;
        for (u64 round = 0; round < 3; ++round) {
            victim.start_round();
            (void)sys::call(victim.client(), {abi::Header::make(3, 8), {round}},
                            sys::after(sys::microseconds(200)));
        }
        victim.child().kill();
        equals(victim.child().info().state, abi::ProcessState::dead);
    }
    works(sys::disarm_fault());
    that(bystander.lives(), "somebody else was hurt");
}

constexpr std::array cases{
    check::Case{"an order that means nothing is refused", orders_that_are_refused},
    check::Case{"an order that counts changes nothing", events_are_counted},
    check::Case{"a victim is killed when it makes its n-th call", killed_before_calls},
    check::Case{"a victim is killed when it comes back from its n-th call", killed_after_calls},
    check::Case{"a call fails by order", calls_fail},
    check::Case{"the error of a call follows from the seed", errors_follow_the_seed},
    check::Case{"a victim that is blocked does nothing more", blocked_for_ever},
    check::Case{"a bit of a register flips", registers_flip},
    check::Case{"a bit of shared memory flips", shared_memory_flips},
    check::Case{"a bit of stack or data flips, the same for the same seed", own_memory_flips},
    check::Case{"a fault comes again and again", bursts_end},
    check::Case{"a victim can be ordered before it is made", the_next_one_of_a_name},
    check::Case{"whatever is ordered, the kernel and the others go on", whatever_is_ordered},
};

}  // namespace

const check::Cases point_cases{cases};
