// tests/host/model/input_test.cpp - the input device, driven by hand.
#include "hand.hpp"

#include <model/input.hpp>

namespace {

using model::InputEvent;
using model::InputOptions;
using model::Lie;

struct InputHand {
    explicit InputHand(InputOptions options = InputOptions::keyboard(), bool packed = false)
        : input{world, std::move(options)}, hand{world, input, {.packed = packed}}
    {
        hand.start(packed ? ring_packed : 0, {{}, {}});
    }

    u8 select(u8 what, u8 which = 0)
    {
        hand.mmio.write8(0x100, what);
        hand.mmio.write8(0x101, which);
        return hand.mmio.read8(0x102);
    }
    std::string text(u8 what)
    {
        std::string all;
        for (u32 i = 0, size = select(what); i < size; ++i)
            all += static_cast<char>(hand.mmio.read8(0x108 + i));
        return all;
    }
    // Posts buffers for events.
    void post(u32 count)
    {
        for (u32 i = 0; i < count; ++i) {
            buffers.push_back(hand.writes(8));
            (void)hand.send(0, {buffers.back()});
        }
    }

    model::World world;
    model::Input input;
    Hand hand;
    std::vector<model::Piece> buffers;
};

}  // namespace

TEST_CASE("an input device says what it is", "[model][I1][I2]")
{
    InputHand rig{InputOptions::tablet()};
    CHECK(rig.text(1) == "model tablet");
    CHECK(rig.text(2) == "t0");
    CHECK(rig.select(3) == 8);
    CHECK(rig.hand.mmio.read16(0x10a) == 0x0627);
    CHECK(rig.select(0x10) == 0);
    CHECK(rig.select(0x11, 3) == 1);
    CHECK(rig.hand.mmio.read8(0x108) == 3);
    CHECK(rig.select(0x11, 1) == 0x115 / 8 + 1);
    CHECK(rig.hand.mmio.read8(0x108 + 0x110 / 8) == 0x1f);
    CHECK(rig.select(0x11, 0x11) == 0);
    CHECK(rig.select(0x12, 1) == 20);
    CHECK(rig.hand.mmio.read32(0x10c) == 32767);
    CHECK(rig.select(0x12, 2) == 0);
    CHECK(rig.select(1, 1) == 0);
    CHECK(rig.select(0x77) == 0);
    CHECK(kept_the_rules(rig.world));
    (void)rig.select(0x12, 1);
    (void)rig.hand.mmio.read8(0x108);
    CHECK(complained(rig.world, "another width"));
    rig.hand.mmio.write8(0x102, 1);
    CHECK(complained(rig.world, "read-only"));
}

TEST_CASE("a keyboard has lights, and a mouse has none", "[model][I3]")
{
    InputHand keyboard;
    CHECK(keyboard.select(0x11, 0x11) == 1);
    CHECK(keyboard.hand.mmio.read8(0x108) == 7);
    InputHand mouse{InputOptions::mouse()};
    CHECK(mouse.select(0x11, 0x11) == 0);
    CHECK(mouse.select(0x11, 2) == 2);
}

TEST_CASE("events arrive in packets, whole and in order", "[model][I4][I9]")
{
    InputHand rig{InputOptions::keyboard(), GENERATE(false, true)};
    rig.post(3);
    rig.input.send({{1, 30, 1}});
    rig.input.send({{1, 30, 0}});
    rig.hand.mmio.poll();
    CHECK(rig.hand.take().value().len == 8);
    CHECK(rig.hand.take().value().len == 8);
    CHECK_FALSE(rig.hand.take().has_value());  // one buffer is not enough for the second packet
    CHECK(rig.hand.value<InputEvent>(rig.buffers[0]) == InputEvent{1, 30, 1});
    CHECK(rig.hand.value<InputEvent>(rig.buffers[1]) == InputEvent{0, 0, 0});
    rig.post(1);
    CHECK(rig.hand.take().has_value());
    CHECK(rig.hand.take().has_value());
    CHECK(rig.hand.value<InputEvent>(rig.buffers[2]) == InputEvent{1, 30, 0});
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a device that does not wait drops packets whole", "[model][I4][LD28]")
{
    auto options = InputOptions::keyboard();
    options.drops = true;
    InputHand rig{options};
    rig.post(3);
    rig.input.send({{1, 30, 1}});
    rig.input.send({{1, 30, 0}});
    rig.hand.mmio.poll();
    CHECK(rig.input.dropped == 2);
    CHECK(rig.hand.take().has_value());
    CHECK(rig.hand.take().has_value());
    CHECK_FALSE(rig.hand.take().has_value());
}

TEST_CASE("lights are lit by the status queue", "[model][I8]")
{
    InputHand rig{InputOptions::keyboard(), GENERATE(false, true)};
    (void)rig.hand.send(1, {rig.hand.reads(Fields{}.put(InputEvent{0x11, 1, 1}))});
    CHECK(rig.hand.take(1).value().len == 0);
    CHECK(rig.input.leds == std::map<u16, bool>{{u16{1}, true}});
    (void)rig.hand.send(1, {rig.hand.reads(Fields{}.put(InputEvent{0x11, 9, 1}))});
    CHECK_FALSE(rig.input.leds.contains(9));
    CHECK(kept_the_rules(rig.world));
    (void)rig.hand.send(1, {rig.hand.reads({1, 2, 3})});
    CHECK(complained(rig.world, "not one event"));
    (void)rig.hand.send(0, {rig.hand.writes(7)});
    CHECK(complained(rig.world, "too short"));
}

TEST_CASE("QEMU counts what it only read from the status queue", "[model][LD3]")
{
    InputHand rig;
    rig.world.lies.arm_on(1, Lie::length_of_total);
    (void)rig.hand.send(1, {rig.hand.reads(Fields{}.put(InputEvent{0x11, 1, 1}))});
    CHECK(rig.hand.take(1).value().len == 8);
    rig.post(1);
    rig.input.send({});
    rig.hand.mmio.poll();
    CHECK(rig.hand.take().value().len == 8);
}

TEST_CASE("an input device lies about its events", "[model][LD28][X9]")
{
    InputHand rig{InputOptions::keyboard(), GENERATE(false, true)};
    rig.post(2);
    auto& lies = rig.world.lies;
    SECTION("one that nobody knows")
    {
        lies.arm(Lie::event_unknown, 0x1234'5678, 1);
        rig.input.send({{1, 30, 1}});
        rig.hand.mmio.poll();
        CHECK(rig.hand.value<InputEvent>(rig.buffers[0]) == InputEvent{0x1234, 0x5678, 1});
    }
    SECTION("no end of the packet")
    {
        lies.arm(Lie::event_without_syn);
        rig.input.send({{1, 30, 1}});
        rig.hand.mmio.poll();
        CHECK(rig.hand.take().has_value());
        CHECK_FALSE(rig.hand.take().has_value());
    }
    SECTION("another length than 8")
    {
        lies.arm(Lie::event_short, 7);
        rig.input.send({});
        rig.hand.mmio.poll();
        CHECK(rig.hand.take().value().len == 7);
    }
}

TEST_CASE("an input device lies about itself", "[model][LD20][X9]")
{
    InputHand rig{InputOptions::tablet()};
    rig.world.lies.arm(Lie::config_size, 200, 1, 1);
    CHECK(rig.select(1) == 200);
    rig.world.lies.arm(Lie::axis_backwards);
    CHECK(rig.select(0x12, 0) == 20);
    CHECK(rig.hand.mmio.read32(0x108) == 32768);
}
