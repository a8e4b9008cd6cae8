// fault/devices.cpp - accesses to registers, interrupts, and descriptors that are not the driver's.
#include "cases.hpp"

namespace {

using check::equals;
using check::need;
using check::that;
using check::works;

// What init does for a dead driver.
struct Reset {
    Reset() = default;
    Reset(const Reset&) = delete;
    Reset& operator=(const Reset&) = delete;
    ~Reset()
    {
        constexpr u64 status_register = 0x70;  // virtio 1.2, 4.2.2
        const auto device = check::first::device(device_slot);
        works(sys::write_register(device, status_register, 0));
        equals(need(sys::read_register(device, status_register)), 0U);
        works(sys::quiesced(device));
    }
};

u64 events(Point point) { return report().events[static_cast<usize>(point)]; }

void accesses_by_calls()
{
    const Victim counted{"io"};
    works(sys::arm_fault(counted.order(Kind::count, Point::none)));
    counted.start_round();
    equals(counted.end().code, well);
    equals(events(Point::mmio), 3U);
    equals(events(Point::mmio_done), 3U);
    for (const auto point : {Point::mmio, Point::mmio_done}) {
        const Victim victim{"io"};
        const auto exit = victim.suffer(victim.order(Kind::kill, point, 2));
        equals(exit.cause, abi::ExitCause::killed);
        equals(events(point), 2U);
        equals(events(Point::mmio_done), point == Point::mmio ? 1U : 2U);
    }
}

// A round is a notification, a look at the interrupt and its acknowledgement. (They are mapped:
// main.cpp sees to it that nobody else has a device in the page.)
void accesses_to_what_is_mapped()
{
    const Reset reset;
    constexpr u64 in_a_round = 3;
    {
        const Victim victim{"drive"};
        works(sys::arm_fault(victim.order(Kind::count, Point::none)));
        victim.start_round();
        that(victim.did(1), "no entropy came");
        that(victim.board().mapped == 1, "they are not mapped");
        equals(victim.board().value, 64U);
        that(events(Point::mmio) >= in_a_round, "accesses were not seen");
        equals(events(Point::mmio_done), events(Point::mmio));
        equals(events(Point::interrupt), 1U);
        equals(report().wild, 0U);
    }
    for (u64 n = 1; n <= in_a_round; ++n)
        for (const auto point : {Point::mmio, Point::mmio_done}) {
            const Reset again;
            const Victim victim{"drive"};
            const auto exit = victim.suffer(victim.order(Kind::kill, point, n));
            equals(exit.cause, abi::ExitCause::killed);
            equals(exit.pc, report().pc);
            equals(events(Point::mmio_done), point == Point::mmio ? n - 1 : n);
        }
}

// A register that flips in front of an access changes it; the access is made once.
void changed_in_front_of_an_access()
{
    const Reset reset;
    Victim victim{"drive"};
    auto order = victim.order(Kind::flip_register, Point::mmio);
    order.detail = 34;  // flags: they are nobody's there
    works(sys::arm_fault(order));
    that(victim.lives(), "it was hurt");
    equals(report().fired_count, 1U);
    equals(events(Point::mmio), events(Point::mmio_done));
}

void another_instruction_than_the_access()
{
    const Reset reset;
    const Victim victim{"drive"};
    const auto exit = victim.suffer(victim.order(Kind::trap, Point::mmio));
    equals(exit.cause, abi::ExitCause::fault);
    equals(exit.pc, report().pc);
    equals(events(Point::mmio), 1U);
    equals(events(Point::mmio_done), 0U);
}

void interrupts_are_lost()
{
    const Reset reset;
    Victim victim{"drive"};
    works(sys::arm_fault(victim.order(Kind::drop_interrupt, Point::interrupt)));
    that(victim.lives() && victim.lives(), "it did not go on");
    equals(report().fired_count, 1U);
    equals(victim.board().orphans, 1U);
    equals(victim.board().requests, 1U);
    equals(victim.board().value, 128U);
}

void interrupts_come_twice()
{
    const Reset reset;
    Victim victim{"drive"};
    works(sys::arm_fault(victim.order(Kind::duplicate_interrupt, Point::interrupt)));
    that(victim.lives() && victim.lives(), "it did not go on");
    equals(victim.board().last_word, 1U);
    equals(victim.board().requests, 2U);
}

void interrupts_come_late()
{
    const Reset reset;
    Victim victim{"drive"};
    auto order = victim.order(Kind::delay_interrupt, Point::interrupt);
    order.detail = sys::microseconds(3'000).raw();
    works(sys::arm_fault(order));
    that(victim.lives(), "it did not go on");
    const abi::Ticks heard = sys::now();
    equals(victim.board().requests, 1U);
    that(heard.raw() - report().ticks >= order.detail, "it came in time");
    that(victim.lives(), "it did not go on");
    equals(victim.board().requests, 2U);
}

// The line of one that ended meanwhile fires for the next one.
void late_for_the_dead()
{
    const Reset reset;
    {
        const Victim victim{"drive"};
        auto order = victim.order(Kind::delay_interrupt, Point::interrupt);
        order.detail = sys::microseconds(60'000'000).raw();
        works(sys::arm_fault(order));
        victim.start_round();
        that(check::eventually([] { return report().fired_count == 1; }), "no interrupt");
        victim.child().kill();
        const Reset between;
    }
    Victim next{"drive"};
    that(next.lives(), "it did not go on");
    equals(next.board().requests, 1U);
}

void killed_at_an_interrupt()
{
    const Reset reset;
    const Victim victim{"drive"};
    equals(victim.suffer(victim.order(Kind::kill, Point::interrupt)).cause, abi::ExitCause::killed);
    equals(victim.board().requests, 0U);
    equals(victim.board().orphans, 0U);
}

// The device does write there, and it is said where.
void wild_addresses_are_counted()
{
    const Reset reset;
    Victim victim{"wild"};
    works(sys::arm_fault(victim.order(Kind::count, Point::none)));
    that(victim.lives(), "it did not go on");
    if (report().unwalked > 0)
        return check::skip("nobody walks packed rings");
    equals(report().wild, 1U);
    equals(report().first_wild, victim.board().wild);
}

void queues_flip()
{
    for (u64 seed = 0; seed < 6; ++seed) {
        const Reset reset;
        const Victim victim{"drive"};
        auto order = victim.order(Kind::flip_dma, Point::called);
        order.seed = seed;
        works(sys::arm_fault(order));
        victim.start_round();
        that(check::eventually([] { return report().fired_count == 1; }), "nothing was flipped");
        that(std::has_single_bit(report().before ^ report().after), "it is not one bit");
    }
}

constexpr std::array cases{
    check::Case{"accesses by a call are points", accesses_by_calls},
    check::Case{"accesses to mapped registers are points", accesses_to_what_is_mapped},
    check::Case{"what changes in front of an access does not repeat it",
                changed_in_front_of_an_access},
    check::Case{"an access whose instruction changes is not made",
                another_instruction_than_the_access},
    check::Case{"an interrupt is lost", interrupts_are_lost},
    check::Case{"an interrupt comes twice", interrupts_come_twice},
    check::Case{"an interrupt comes late", interrupts_come_late},
    check::Case{"a late interrupt of who ended is not in the next one's way", late_for_the_dead},
    check::Case{"a driver is killed by its interrupt", killed_at_an_interrupt},
    check::Case{"an address that is not the driver's is counted, others are not",
                wild_addresses_are_counted},
    check::Case{"a bit of a queue flips", queues_flip},
};

}  // namespace

const check::Cases device_cases{cases};
