// tests/host/inputd/state_test.cpp - which events are news.
#include "state.hpp"

#include <catch2/catch.hpp>

using namespace inputd;
using virtio::input::Abs;
using virtio::input::Key;
using virtio::input::Rel;

namespace {

void announce(Capabilities& can, u16 type, u16 code)
{
    can.types |= u32{1} << type;
    u8 byte = 0;
    for (u16 i = 0; i < 8; ++i) {
        const auto other = static_cast<u16>(code / 8 * 8 + i);
        byte = static_cast<u8>(byte | (can.codes[type].has(other) || other == code ? 1 : 0) << i);
    }
    can.codes[type].set_byte(code / 8, byte);
}

struct Rig {
    Capabilities can;
    State state{can};

    Rig()
    {
        announce(can, EventType::key, Key::a);
        announce(can, EventType::rel, Rel::x);
        announce(can, EventType::abs, Abs::x);
        announce(can, EventType::abs, 0x35);
        announce(can, EventType::led, 0);
        can.axes[Abs::x] = {-10, 10, 0, 0, 0};
        can.axes[0x35] = {0, 10, 0, 0, 0};
        can.axis_codes = u64{1} << Abs::x | u64{1} << 0x35;
    }
    News accept(u16 type, u16 code, i32 value)
    {
        input::Event event{{}, type, code, value};
        const auto news = state.accept(event);
        last = event.value;
        return news;
    }
    i32 last = 0;
};

}  // namespace

TEST_CASE("a key is news when it changes, or repeats while it is held", "[inputd][I9]")
{
    Rig rig;
    const auto key = [&](i32 value) { return rig.accept(EventType::key, Key::a, value); };
    CHECK(key(0) == News::no);
    CHECK(key(2) == News::no);
    CHECK(key(1) == News::yes);
    CHECK(rig.state.held(Key::a));
    CHECK(key(1) == News::no);
    CHECK(key(2) == News::yes);
    CHECK(key(0) == News::yes);
    CHECK_FALSE(rig.state.held(Key::a));
    for (const i32 value : {3, -1, 1 << 30})
        CHECK(key(value) == News::unknown);
    CHECK(key(1) == News::yes);
    rig.state.release_all();
    CHECK(key(0) == News::no);
}

TEST_CASE("what a device did not announce is no news", "[inputd][hostile][LD28]")
{
    Rig rig;
    CHECK(rig.accept(EventType::key, Key::q, 1) == News::unknown);
    CHECK(rig.accept(EventType::key, 0x300, 1) == News::unknown);
    CHECK(rig.accept(EventType::key, 0xffff, 1) == News::unknown);
    CHECK(rig.accept(EventType::msc, 4, 1) == News::unknown);
    CHECK(rig.accept(0x1f, 0, 1) == News::unknown);
    CHECK(rig.accept(0x20, 0, 1) == News::unknown);
    CHECK(rig.accept(0xffff, 0xffff, -1) == News::unknown);
    CHECK(rig.accept(EventType::led, 0, 1) == News::unknown);  // that is for clients to say
}

TEST_CASE("an axis stays in its range and tells of its changes", "[inputd][I10][LD28]")
{
    Rig rig;
    const auto axis = [&](i32 value) { return rig.accept(EventType::abs, Abs::x, value); };
    CHECK(axis(0) == News::yes);  // the first one always
    CHECK(axis(0) == News::no);
    CHECK(axis(1 << 30) == News::yes);
    CHECK(rig.last == 10);
    CHECK(axis(11) == News::no);
    CHECK(axis(-11) == News::yes);
    CHECK(rig.last == -10);
    // One value may be that of two contacts.
    CHECK(rig.accept(EventType::abs, 0x35, 3) == News::yes);
    CHECK(rig.accept(EventType::abs, 0x35, 3) == News::yes);
    CHECK(rig.accept(EventType::rel, Rel::x, 0) == News::no);
    CHECK(rig.accept(EventType::rel, Rel::x, -3) == News::yes);
    CHECK(rig.accept(EventType::rel, Rel::x, -3) == News::yes);
}

TEST_CASE("a frame that is too long is spoiled, and none that just fits", "[inputd][LD28]")
{
    Frame frame;
    for (u32 i = 0; i + 1 < input::max_frame; ++i)
        frame.add(EventType::rel, 0, 1);
    REQUIRE_FALSE(frame.spoiled());
    SECTION("it fits")
    {
        REQUIRE(frame.finish(abi::Ticks{7}, [](const auto&) { return true; }));
        const auto all = frame.events();
        CHECK(frame.types() == 1u << EventType::rel);
        REQUIRE(all.size() == input::max_frame);
        CHECK(all.front() == input::Event{abi::Ticks{7}, EventType::rel, 0, 1});
        CHECK(all.back() == input::Event{abi::Ticks{7}, EventType::syn, 0, 0});
    }
    SECTION("it does not")
    {
        frame.add(EventType::rel, 0, 1);
        CHECK(frame.spoiled());
        frame.clear();
        CHECK(frame.events().empty());
        CHECK_FALSE(frame.spoiled());
    }
    SECTION("nothing of it is kept")
    {
        CHECK_FALSE(frame.finish(abi::Ticks{7}, [](const auto&) { return false; }));
        CHECK(frame.events().empty());
        CHECK(frame.types() == 0);
    }
}
