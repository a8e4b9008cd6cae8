// tests/host/inputd/engine_test.cpp - from the device to the rings and back, with devices and
// clients of all kinds.
#include "hand.hpp"

TEST_CASE("each session gets every event once and in order", "[inputd][engine][I4][I6][I12]")
{
    InputRig rig{model::InputOptions::keyboard(),
                 {.version = GENERATE(1u, 2u), .event_idx = GENERATE(true, false)}};
    Hand one{rig};
    Hand other{rig};
    REQUIRE(one.attach() == Errc::ok);
    REQUIRE(other.attach(1U << 1) == Errc::ok);
    for (u32 i = 0; i < 5'000; ++i) {
        const auto code = static_cast<u16>(1 + i / 2 % 200);
        rig.key(code, i % 2 == 0);
        const Events wanted{key_event(code, i % 2 == 0), syn};
        REQUIRE(one.read() == wanted);
        REQUIRE(other.read() == wanted);
    }
    const auto stats = rig.stats();
    CHECK(stats.events == 10'000);
    CHECK(stats.frames == 5'000);
    CHECK(stats.losses + stats.ignored + stats.dropped + stats.resets == 0);
    CHECK(rig.world.complaints.empty());
}

TEST_CASE("a client that reads nothing loses its own events only", "[inputd][engine][I4][hostile]")
{
    InputRig rig;
    Hand slow{rig};
    Hand quick{rig};
    REQUIRE(slow.attach() == Errc::ok);
    REQUIRE(quick.attach() == Errc::ok);
    for (u32 i = 0; i < 1'000; ++i) {
        rig.key(30, i % 2 == 0);
        REQUIRE(quick.read() == Events{key_event(30, i % 2 == 0), syn});
    }
    CHECK(slow.read().size() == 128);
    CHECK(slow.read() == Events{dropped, syn});  // its doorbell brought it
    CHECK(slow.read().empty());
    rig.key(30, true);
    CHECK(slow.read() == Events{key_event(30, 1), syn});
}

TEST_CASE("what broke a frame is told as a loss, and no key stays down",
          "[inputd][engine][hostile][LD28]")
{
    InputRig rig{model::InputOptions::keyboard(), {.version = GENERATE(1u, 2u)}};
    Hand hand{rig};
    REQUIRE(hand.attach() == Errc::ok);
    rig.key(42, true);
    CHECK(hand.read() == Events{key_event(42, 1), syn});
    SECTION("a buffer that is no event")
    {
        rig.world.lies.arm(model::Lie::event_short, GENERATE(0u, 7u), 1);
        rig.key(30, true);
    }
    SECTION("a packet without an end")
    {
        rig.world.lies.arm(model::Lie::event_without_syn, 0, 70);
        for (u32 i = 0; i < 71; ++i)
            rig.key(static_cast<u16>(100 + i), true);
    }
    SECTION("a device that had no buffer left")
    {
        std::vector<model::InputEvent> all;
        for (u16 code = 100; code < 163; ++code)
            all.push_back({1, code, 1});
        rig.send(all);
        const auto came = hand.read();
        REQUIRE(came.size() == 66);
        CHECK(came[64] == dropped);
    }
    const auto state = hand.session.call<protocol::State>();
    REQUIRE(state.has_value());
    CHECK(state->keys == decltype(state->keys){});
    (void)hand.read();
    rig.key(42, false);
    CHECK(hand.read().empty());
    rig.key(42, true);
    CHECK(hand.read() == Events{key_event(42, 1), syn});
    CHECK(rig.stats().losses >= 1);
}

TEST_CASE("a packet that came in part is in no snapshot yet", "[inputd][engine][LD28]")
{
    InputRig rig;
    Hand hand{rig};
    REQUIRE(hand.attach() == Errc::ok);
    rig.world.lies.arm(model::Lie::event_without_syn, 0, 1);
    rig.key(30, true);
    CHECK(hand.read().empty());
    CHECK(hand.session.call<protocol::State>()->keys[30 / 8] == 0);
    rig.key(31, true);
    CHECK(hand.read() == Events{key_event(30, 1), key_event(31, 1), syn});
    CHECK(hand.session.call<protocol::State>()->keys[30 / 8] == (1 << 30 % 8 | 1 << 31 % 8));
}

TEST_CASE("an event that was not announced is left out of its frame",
          "[inputd][engine][hostile][LD28]")
{
    InputRig rig;
    Hand hand{rig};
    REQUIRE(hand.attach() == Errc::ok);
    rig.world.lies.arm(model::Lie::event_unknown,
                       GENERATE(0x0001'02ffu, 0xffff'ffffu, 0x0003'0000u), 1);
    rig.send({{1, 31, 1}, {1, 30, 1}});
    CHECK(hand.read() == Events{key_event(30, 1), syn});
}

TEST_CASE("a device that lies or wants a reset gets one, and its LEDs again",
          "[inputd][engine][hostile][LD1][LD2][LD5][LD12][U10]")
{
    const u32 version = GENERATE(1u, 2u);
    InputRig rig{model::InputOptions::keyboard(), {.version = version}};
    Hand hand{rig};
    REQUIRE(hand.attach() == Errc::ok);
    REQUIRE(hand.say<protocol::SetLeds>({7, 2}) == Errc::ok);
    CHECK(hand.read() == Events{{{}, 0x11, 1, 1}, syn});
    rig.key(42, true);
    (void)hand.read();
    const auto lie = GENERATE(model::Lie::id_out_of_range, model::Lie::used_twice,
                              model::Lie::index_jumps, model::Lie::needs_reset);
    if (lie == model::Lie::needs_reset) {
        if (version == 1)
            return;
        rig.mmio.needs_reset();
        rig.settle();
    } else {
        rig.world.lies.arm_on(0, lie, 300, 1, 1);
        rig.key(30, true);
        rig.key(30, false);
    }
    const auto came = hand.read();
    CHECK(std::ranges::find(came, dropped) != came.end());
    CHECK(rig.thing.leds == std::map<u16, bool>{{0, false}, {1, true}, {2, false}});
    (void)hand.read();
    rig.key(48, true);
    CHECK(hand.read() == Events{key_event(48, 1), syn});
    CHECK(rig.stats().resets == 1);
}

TEST_CASE("a device that lies too often is given up", "[inputd][engine][hostile]")
{
    InputRig rig;
    rig.world.lies.arm_on(0, model::Lie::id_out_of_range, 300, 1'000);
    Result<> done;
    for (u32 i = 0; i < 100 && done; ++i) {
        rig.thing.send({{1, 30, i % 2}});
        rig.mmio.poll();
        done = rig.server->step(abi::Bits::at(common::interrupt_bit));
    }
    CHECK(done.error() == Errc::device_fault);
}

TEST_CASE("a device that never rests holds no step for ever", "[inputd][engine][hostile]")
{
    InputRig rig;
    // Whenever buffers come back it has something for them.
    rig.mmio.poll();
    u32 packets = 0;
    const auto more = [&] {
        for (int i = 0; i < 20; ++i)
            rig.thing.send({{1, 30, packets++ % 2}});
    };
    more();
    rig.mmio.poll();
    for (int i = 0; i < 1'000; ++i)
        more();
    REQUIRE(rig.server->step(abi::Bits::at(common::interrupt_bit)).has_value());
    CHECK(rig.server->next_deadline() == abi::now);
    rig.settle();
    CHECK(rig.server->next_deadline() == abi::never);
}

TEST_CASE("more LEDs change than the device takes at a time, and the last word counts",
          "[inputd][engine][I8]")
{
    InputRig rig{model::InputOptions::keyboard(), {.automatic = false}};
    Hand hand{rig};
    REQUIRE(hand.attach(0) == Errc::ok);
    u32 lit = 0;
    for (u32 i = 0; i < 50; ++i)
        REQUIRE(hand.say<protocol::SetLeds>({7, lit = i * 5 % 8}) == Errc::ok);
    CHECK(rig.thing.status.empty());
    for (int i = 0; i < 10; ++i) {
        rig.mmio.run(1);
        rig.settle();
    }
    CHECK(rig.thing.status.size() >= 8);
    for (u16 led = 0; led < 3; ++led)
        CHECK(rig.thing.leds[led] == ((lit >> led & 1) != 0));
    CHECK(rig.world.complaints.empty());
}

TEST_CASE("held keys repeat for the session that wants it, until the device does it itself",
          "[inputd][engine]")
{
    InputRig rig;
    Hand hand{rig};
    Hand other{rig};
    REQUIRE(hand.attach() == Errc::ok);
    REQUIRE(other.attach() == Errc::ok);
    REQUIRE(hand.say<protocol::SetRepeat>({250, 30}) == Errc::ok);
    rig.key(30, true);
    CHECK(hand.read() == Events{key_event(30, 1), syn});
    CHECK(rig.server->next_deadline() == sys::after_ms(250));
    for (const u64 ms : {250u, 30u, 30u}) {
        sys::host_counter += sys::milliseconds(ms).raw();
        rig.settle();
        CHECK(hand.read() == Events{key_event(30, 2), syn});
    }
    CHECK(other.read() == Events{key_event(30, 1), syn});
    rig.send({{1, 30, 2}});
    CHECK(hand.read() == Events{key_event(30, 2), syn});
    sys::host_counter += sys::milliseconds(30).raw();
    rig.settle();
    CHECK(hand.read().empty());
    CHECK(rig.server->next_deadline() == abi::never);
}

TEST_CASE("a client that breaks its ring is shut out, and the others go on",
          "[inputd][engine][hostile]")
{
    InputRig rig;
    Hand liar{rig};
    Hand honest{rig};
    REQUIRE(liar.attach() == Errc::ok);
    REQUIRE(honest.attach() == Errc::ok);
    ring::store(liar.page().consumed.index, 77);
    for (u32 i = 0; i < 100; ++i) {
        rig.key(30, i % 2 == 0);
        REQUIRE(honest.read() == Events{key_event(30, i % 2 == 0), syn});
    }
    CHECK(liar.server().closed == static_cast<u32>(Errc::malformed));
    CHECK(liar.say<protocol::Subscribe>({1, 0}) == Errc::not_found);
    CHECK(rig.bench.at(liar.own.slot())->pending.any(abi::Bits::at(0)));
}

TEST_CASE("two clients break their rings at once, one of which has grabbed",
          "[inputd][engine][hostile]")
{
    InputRig rig;
    Hand grabber{rig};
    Hand other{rig};
    REQUIRE(grabber.attach() == Errc::ok);
    REQUIRE(other.attach() == Errc::ok);
    for (u32 i = 0; i < 100; ++i)
        rig.key(30, i % 2 == 0);  // more than their rings take
    REQUIRE(grabber.say<protocol::Grab>({1, 0}) == Errc::ok);
    for (Hand* hand : {&grabber, &other}) {
        ring::store_release(hand->page().consumed.index, 1U << 20);
        REQUIRE(sys::signal(hand->doorbell.borrow(), {~u64{0}}).has_value());
    }
    rig.settle();
    CHECK(grabber.server().closed == static_cast<u32>(Errc::malformed));
    CHECK(other.server().closed == static_cast<u32>(Errc::malformed));
    Hand next{rig};
    REQUIRE(next.attach() == Errc::ok);
    rig.key(31, true);
    CHECK(next.read() == Events{key_event(31, 1), syn});
}
