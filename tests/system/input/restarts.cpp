// restarts.cpp - a server that is killed: what its clients had set is as before, and no key stays
// down.
#include "suite.hpp"

#include <check/servers.hpp>

namespace {

using namespace suite;
using check::equals;
using check::fails;
using check::that;
using check::works;
namespace names = proto::names;

// Ends its server, and starts the next one when `meanwhile` is done.
template <class Fn>
void restart(std::string_view server, Fn meanwhile)
{
    const u32 epoch = check::about(server).epoch;
    works(check::order<names::Hold>(server));
    works(check::order<names::Kill>(server));
    check::wait_for(server, names::State::held, epoch);
    meanwhile();
    works(check::order<names::Restart>(server));
    check::wait_for(server, names::State::ready, epoch + 1);
}

void held_key_is_released()
{
    Opened keyboard{"kbd0"};
    ask("press 42 1");
    that(is(keyboard.take(), input::Type::key, 42, 1) && is_end(keyboard.take()), "no key");
    restart("kbd0", [] { ask("press 42 0"); });
    is_loss(keyboard);
    that(is(keyboard.take(), input::Type::key, 42, 0) && is_end(keyboard.take()), "it stays down");
    that(!keyboard.held(42), "the library holds it");
    ask("type", 0, 2);
    that(is_typed(keyboard.take(), 0) && is_end(keyboard.take()), "it goes on wrong");
    that(is_typed(keyboard.take(), 1) && is_end(keyboard.take()), "it goes on wrong");
}

void leds_stay_lit()
{
    Opened keyboard{"kbd0", {.types = input::type_bit(input::Type::led)}};
    works(keyboard.set_leds(7, 5));
    is(keyboard.take(), input::Type::led, 0, 1);
    is(keyboard.take(), input::Type::led, 2, 1);
    is_end(keyboard.take());
    ask("leds", 5, 0);
    check::kill("kbd0");
    is_loss(keyboard);
    equals(check::need(keyboard.state()).leds, u32{5});
    works(keyboard.set_leds(7, 2));
    ask("leds", 2, 0);  // the device was told of all three
    works(keyboard.set_leds(7, 0));
    ask("leds", 0, 0);
}

void grab_lasts()
{
    Opened thief{"kbd0"};
    Opened other{"kbd0"};
    works(thief.grab(true));
    check::kill("kbd0");
    is_loss(thief);
    fails(other.grab(true), Errc::busy);
    ask("press 42 1");
    that(is(thief.take(), input::Type::key, 42, 1) && is_end(thief.take()), "no key");
    ask("press 42 0");
    that(is(thief.take(), input::Type::key, 42, 0) && is_end(thief.take()), "no key");
}

// What was subscribed to later than at open.
void types_and_repeat_last()
{
    Opened leds{"kbd0"};
    works(leds.subscribe(input::type_bit(input::Type::led)));
    Opened keyboard{"kbd0"};
    works(keyboard.set_repeat(100, 20));
    check::kill("kbd0");
    is_loss(leds);
    is_loss(keyboard);
    ask("press 30 1");
    that(is(keyboard.take(), input::Type::key, 30, 1) && is_end(keyboard.take()), "no key");
    for (int i = 0; i < 3; ++i)
        that(is(keyboard.take(), input::Type::key, 30, 2) && is_end(keyboard.take()), "no repeat");
    ask("press 30 0");
    Event event = keyboard.take();
    for (; event.value == 2; event = keyboard.take())
        is_end(keyboard.take());
    that(is(event, input::Type::key, 30, 0) && is_end(keyboard.take()), "it was not released");
    fails(leds.next(abi::now), Errc::timed_out);
}

constexpr check::Case cases[] = {
    {"a key that is released while its server is dead does not stay down", held_key_is_released,
     check::Runs::once},
    {"LEDs are after a restart as they were set", leds_stay_lit, check::Runs::once},
    {"a grab outlives its server", grab_lasts, check::Runs::once},
    {"types that are wanted, and repeats, outlive their server", types_and_repeat_last,
     check::Runs::once},
};

}  // namespace

constinit const check::Cases suite::restart_cases{cases};
