// keys.cpp - the keyboard: all events in order, losses, grabs, repeats, LEDs, a client that ends.
#include "suite.hpp"

#include <check/threads.hpp>

namespace {

using namespace suite;
using check::equals;
using check::fails;
using check::that;
using check::works;

// Fewer than the device has buffers, and than would fill them twice while inputd looks.
constexpr u64 batch = 30;

// Of Linux's input-event-codes.h, beside those of the pattern; the host knows QEMU's names of them.
constexpr auto further_keys = std::to_array<u16>(
    {1,   12,  13,  14,  15,  26,  27,  28,  29,  30,  39,  40,  41,  42,  43,  51,  52, 53,  54,
     55,  56,  57,  58,  59,  60,  61,  62,  63,  64,  65,  66,  67,  68,  69,  70,  71, 72,  73,
     74,  75,  76,  77,  78,  79,  80,  81,  82,  83,  86,  87,  88,  96,  97,  98,  99, 100, 102,
     103, 104, 105, 106, 107, 108, 109, 110, 111, 113, 114, 115, 116, 119, 125, 126, 139});

void every_key_has_its_code()
{
    Opened keyboard{"kbd0"};
    const auto keys = check::need(keyboard.codes(input::Type::key));
    for (const u16 code : further_keys) {
        that(input::has(keys, code), "a key is missing");
        for (const i32 value : {1, 0}) {
            ask("press", code, static_cast<u64>(value));
            that(is(keyboard.take(), input::Type::key, code, value) && is_end(keyboard.take()),
                 "another key");
        }
    }
}

void keyboard_is_one()
{
    Opened keyboard{"kbd0"};
    const auto& info = keyboard.info();
    that(text::of(info.name) == "QEMU Virtio Keyboard", "another name");
    that(info.device_class == input::Class::keyboard, "no keyboard");
    that((info.types & input::type_bit(input::Type::key)) != 0, "no keys");
    const auto keys = check::need(keyboard.codes(input::Type::key));
    for (u32 n = 0; n < typed_keys; ++n)
        that(input::has(keys, typed_key(n)), "a key is missing");
    const auto leds = check::need(keyboard.codes(input::Type::led));
    that(input::has(leds, 0) && input::has(leds, 1) && input::has(leds, 2), "a LED is missing");
    fails(keyboard.axis(0), Errc::not_found);
}

// One batch in packets of one event, three in one packet each.
void keys_come_in_order()
{
    const u64 wanted = check::need(text::parse_number(check::given().argument(0)));
    Opened keyboard{"kbd0"};
    abi::Ticks last{};
    bool good = true;
    for (u64 n = 0; n < wanted && good; n += batch) {
        const bool together = n / batch % 4 != 0;
        ask(together ? "type_together" : "type", n, batch);
        for (u64 i = n; i < n + batch && good; ++i) {
            const Event event = keyboard.take();
            good = is_typed(event, i) && that(event.time >= last, "time goes back");
            last = event.time;
            if (good && (!together || i + 1 == n + batch))
                good = is_end(keyboard.take());
        }
    }
    fails(keyboard.next(abi::now), Errc::timed_out);
    const auto stats = check::need(keyboard.stats());
    equals(stats.losses, u64{0});
    equals(stats.resets, u64{0});
    text::Buffer<80> line;
    line.put("events=").number(stats.events).put(" interrupts=").number(stats.interrupts);
    sys::out(line.put(" notifies=").number(stats.notifies).view());
}

// A ring of 128 takes 64 of these packets.
void slow_client_loses_its_own()
{
    constexpr u64 packets = 210;
    Opened slow{"kbd0", {.entries = 128}};
    Opened quick{"kbd0"};
    for (u64 n = 0; n < packets; n += batch) {
        ask("type", n, batch);
        for (u64 i = n; i < n + batch; ++i)
            that(is_typed(quick.take(), i) && is_end(quick.take()), "the quick one lost something");
    }
    ask("press 42 1");  // the last one is held
    that(is(quick.take(), input::Type::key, 42, 1) && is_end(quick.take()), "no key");
    for (u64 i = 0; i < 64; ++i)
        that(is_typed(slow.take(), i) && is_end(slow.take()), "something before the loss is wrong");
    that(is_loss(slow), "the loss was not told");
    // What the library makes of the server's snapshot.
    that(is(slow.take(), input::Type::key, 42, 1) && is_end(slow.take()), "the key is not held");
    ask("press 42 0");
    that(is(slow.take(), input::Type::key, 42, 0) && is_end(slow.take()), "it goes on wrong");
    equals(check::need(slow.state()).leds, u32{0});
}

// All buffers at once: the device had none for what may have come next.
void full_device_is_told()
{
    Opened keyboard{"kbd0"};
    ask("press 29 1");
    that(is(keyboard.take(), input::Type::key, 29, 1) && is_end(keyboard.take()), "no key");
    ask("type_together", 0, 63);
    for (u64 i = 0; i < 63; ++i)
        that(is_typed(keyboard.take(), i), "an event of the long packet is wrong");
    is_end(keyboard.take());
    is_loss(keyboard);
    // Nobody knows what is held now: nothing is. The pattern left one key down, and there is Ctrl.
    that(is(keyboard.take(), input::Type::key, 29, 0), "Ctrl is held");
    that(is(keyboard.take(), input::Type::key, typed_key(31), 0), "the last key is held");
    is_end(keyboard.take());
    ask("press 29 0");  // is up already
    ask("type", 62, 4);
    for (u64 i = 62; i < 66; ++i)
        that(is_typed(keyboard.take(), i) && is_end(keyboard.take()), "it goes on wrong");
}

void grab_is_exclusive()
{
    Opened thief{"kbd0"};
    Opened other{"kbd0"};
    works(thief.grab(true));
    fails(other.grab(true), Errc::busy);
    fails(other.state(), Errc::busy);
    ask("press 42 1");
    that(is(thief.take(), input::Type::key, 42, 1) && is_end(thief.take()), "no key");
    fails(other.next(abi::now), Errc::timed_out);
    thief.close();
    is_loss(other);
    that(is(other.take(), input::Type::key, 42, 1) && is_end(other.take()), "no snapshot");
    ask("press 42 0");
    that(is(other.take(), input::Type::key, 42, 0) && is_end(other.take()), "no key");
}

// The victim has grabbed the keyboard; a key ends it (victim.cpp).
void dead_client_holds_nothing()
{
    Opened keyboard{"kbd0"};
    that(check::eventually([&] {
             const auto seen = keyboard.state();
             return !seen && seen.error() == Errc::busy;
         }),
         "the victim does not grab");
    ask("press 1 1");
    that(check::eventually([&] { return keyboard.state().has_value(); }), "its grab did not end");
    is_loss(keyboard);
    that(is(keyboard.take(), input::Type::key, 1, 1) && is_end(keyboard.take()), "no snapshot");
    ask("press 1 0");
    that(is(keyboard.take(), input::Type::key, 1, 0) && is_end(keyboard.take()), "no key");
}

void held_key_repeats()
{
    Opened keyboard{"kbd0"};
    Opened other{"kbd0"};
    works(keyboard.set_repeat(100, 20));
    ask("press 30 1");
    const Event pressed = keyboard.take();
    is(pressed, input::Type::key, 30, 1);
    is_end(keyboard.take());
    for (u64 i = 0; i < 5; ++i) {
        const Event event = keyboard.take();
        that(is(event, input::Type::key, 30, 2) && is_end(keyboard.take()), "no repeat");
        that(sys::to_nanoseconds(abi::Ticks{event.time.raw() - pressed.time.raw()},
                                 sys::counter_frequency())
                 >= (100 + 20 * i) * 1'000'000,
             "it repeats too early");
    }
    ask("press 30 0");
    Event event = keyboard.take();
    for (; event.value == 2; event = keyboard.take())
        is_end(keyboard.take());
    that(is(event, input::Type::key, 30, 0) && is_end(keyboard.take()), "it was not released");
    fails(keyboard.next(sys::after_ms(50)), Errc::timed_out);
    that(is(other.take(), input::Type::key, 30, 1) && is_end(other.take())
             && is(other.take(), input::Type::key, 30, 0),
         "somebody else's key repeats");
}

// Each state once, in the order of a Gray code and in leaps. The host waits for each on its side.
void leds_are_lit()
{
    Opened keyboard{"kbd0", {.types = 1u << input::Type::led}};
    u32 before = 0;
    for (const u32 lit : std::to_array<u32>({1, 3, 2, 6, 7, 5, 4, 0, 7, 2, 5, 0})) {
        works(keyboard.set_leds(7, lit));
        for (u32 led = 0; led < 3; ++led)
            if (((before ^ lit) >> led & 1) != 0)
                is(keyboard.take(), input::Type::led, static_cast<u16>(led), lit >> led & 1);
        is_end(keyboard.take());
        ask("leds", lit, 0);
        before = lit;
    }
    equals(check::need(keyboard.state()).leds, u32{0});
    fails(keyboard.set_leds(8, 8), Errc::not_found);
}

constexpr check::Case cases[] = {
    // First, since the victim has grabbed the keyboard.
    {"a client that ends lets go of its grab", dead_client_holds_nothing, check::Runs::once},
    {"a keyboard says what it is", keyboard_is_one},
    {"every key has Linux's code", every_key_has_its_code, check::Runs::once},
    {"numbered keys come complete, in order and in frames", keys_come_in_order, check::Runs::once},
    {"a client that does not read loses its own events only", slow_client_loses_its_own,
     check::Runs::once},
    {"a device without buffers may have lost something, and no key stays down", full_device_is_told,
     check::Runs::once},
    {"a grab keeps events from others, and they learn of its end", grab_is_exclusive,
     check::Runs::once},
    {"a held key repeats for who wants it", held_key_repeats, check::Runs::once},
    {"LEDs are lit as the last word said", leds_are_lit, check::Runs::once},
};

}  // namespace

constinit const check::Cases suite::key_cases{cases};
