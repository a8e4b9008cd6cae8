// pair.cpp - two keyboards at once. QEMU gives its keys to the one whose driver was ready last.
#include "suite.hpp"

#include <check/servers.hpp>

namespace {

using namespace suite;
using check::equals;
using check::fails;
using check::that;
using check::works;

void each_has_its_serial()
{
    Opened left{"kbd0"};
    Opened right{"kbd1"};
    that(text::of(left.info().serial) == "left", "another serial");
    that(text::of(right.info().serial) == "right", "another serial");
    that(text::of(left.info().name) == text::of(right.info().name), "another name");
    that(left.info().device_class == input::Class::keyboard
             && right.info().device_class == input::Class::keyboard,
         "no keyboard");
}

void keys_are_one_keyboards()
{
    Opened left{"kbd0"};
    Opened right{"kbd1"};
    for (const bool turn : {false, true}) {
        Opened& typed = turn ? right : left;
        Opened& other = turn ? left : right;
        check::kill(turn ? "kbd1" : "kbd0");
        is_loss(typed);
        ask("press 30 1");
        that(is(typed.take(), input::Type::key, 30, 1) && is_end(typed.take()), "no key");
        that(typed.held(30) && !other.held(30), "held by the other one");
        that((check::need(other.state()).keys[30 / 8] >> 30 % 8 & 1) == 0, "down on the other one");
        ask("press 30 0");
        that(is(typed.take(), input::Type::key, 30, 0) && is_end(typed.take()), "no key");
        fails(other.next(abi::now), Errc::timed_out);
    }
}

void lights_are_one_keyboards()
{
    Opened left{"kbd0"};
    Opened right{"kbd1"};
    works(left.set_leds(7, 5));
    equals(check::need(left.state()).leds, u32{5});
    equals(check::need(right.state()).leds, u32{0});
    works(left.set_leds(7, 0));
}

constexpr check::Case cases[] = {
    {"each of two keyboards has its serial", each_has_its_serial, check::Runs::once},
    {"keys are those of one keyboard", keys_are_one_keyboards, check::Runs::once},
    {"lights are those of one keyboard", lights_are_one_keyboards, check::Runs::once},
};

}  // namespace

constinit const check::Cases suite::pair_cases{cases};
