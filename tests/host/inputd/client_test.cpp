// tests/host/inputd/client_test.cpp - the client library against the real server: events, losses,
// restarts.
#include "hand.hpp"

#include <input/device.hpp>

namespace {

struct Program {
    explicit Program(InputRig& of, input::Options options = {.entries = 128}) : rig{&of}
    {
        REQUIRE(device.open(of.bench.startup(), "kbd0", options).has_value());
    }
    // All that comes, without times.
    Events read()
    {
        Events all;
        while (auto event = device.next(abi::now)) {
            event->time = {};
            all.push_back(*event);
        }
        rig->settle();
        return all;
    }

    InputRig* rig;
    input::Device device;
};

}  // namespace

TEST_CASE("a program that waits gets each event, with its time", "[inputd][client][I5]")
{
    InputRig rig;
    {
        Program program{rig};
        sys::host_counter = 5'000;
        rig.key(30, true);
        const auto event = program.device.next();
        REQUIRE(event.has_value());
        CHECK(*event == protocol::Event{abi::Ticks{5'000}, 1, 30, 1});
        CHECK(program.device.held(30));
        CHECK(program.device.next().has_value());
        CHECK(program.device.poll().error() == Errc::would_block);
        CHECK(program.device.next(abi::Ticks{6'000}).error() == Errc::timed_out);
        CHECK_FALSE(rig.bench.stuck());
    }
    rig.settle();
    CHECK(rig.at_rest());
}

TEST_CASE("after a loss the program is led to what is, and misses no key that is up",
          "[inputd][client][I4]")
{
    InputRig rig;
    Program program{rig};
    rig.key(42, true);
    rig.key(30, true);
    CHECK(program.read().size() == 4);
    for (u32 i = 0; i < 200; ++i)
        rig.key(50, i % 2 == 0);
    rig.key(30, false);
    rig.key(31, true);
    const auto all = program.read();
    const auto mark = std::ranges::find(all, dropped);
    REQUIRE(mark != all.end());
    CHECK(Events(mark, all.end()) == Events{dropped, syn, key_event(30, 0), key_event(31, 1), syn});
    CHECK(program.device.held(42));
    CHECK(program.device.held(31));
    CHECK_FALSE(program.device.held(30));
    rig.key(31, false);
    CHECK(program.read() == Events{key_event(31, 0), syn});
}

TEST_CASE("a loss at any point leaves the program with the keys that are held", "[inputd][client]")
{
    InputRig rig;
    Program program{rig};
    std::map<u16, bool> held;
    std::map<u16, bool> told;
    u32 random = 1;
    u32 losses = 0;
    for (u32 round = 0; round < 300; ++round) {
        for (u32 n = (random = random * 1103515245 + 12345) >> 16 & 127; n != 0; --n) {
            random = random * 1103515245 + 12345;
            const auto code = static_cast<u16>(20 + (random >> 16) % 8);
            held[code] = !held[code];
            rig.key(code, held[code]);
        }
        for (const auto& event : program.read()) {
            losses += event == dropped ? 1 : 0;
            if (event.type == 1)
                told[event.code] = event.value != 0;
        }
        for (u16 code = 20; code < 28; ++code)
            REQUIRE(told[code] == held[code]);
    }
    CHECK(losses > 10);
}

TEST_CASE("a restarted server is told what a program wants, and lets go of its keys",
          "[inputd][client][U18][U29]")
{
    InputRig rig;
    {
        Program program{rig};
        REQUIRE(program.device.set_leds(3, 1).has_value());
        REQUIRE(program.device.set_leds(6, 4).has_value());
        REQUIRE(program.device.set_repeat(250, 30).has_value());
        REQUIRE(program.device.grab(true).has_value());
        rig.key(42, true);
        CHECK(program.read().size() == 6);
        rig.restart();
        rig.thing.leds.clear();
        program.device.woken(abi::Bits::at(1));
        CHECK(program.read() == Events{dropped, syn, key_event(42, 0), syn});
        CHECK(rig.thing.leds == std::map<u16, bool>{{0, true}, {1, false}, {2, true}});
        Hand other{rig};
        REQUIRE(other.attach() == Errc::ok);
        CHECK(other.say<protocol::Grab>({1, 0}) == Errc::busy);
        rig.key(30, true);
        CHECK(program.read() == Events{key_event(30, 1), syn});
        CHECK(rig.server->next_deadline() == sys::after_ms(250));
    }
}

TEST_CASE("a server that will not come back ends the session", "[inputd][client]")
{
    InputRig rig;
    Program program{rig};
    rig.bench.given_up = true;
    program.device.woken(abi::Bits::at(1));
    CHECK(program.device.next().error() == Errc::gave_up);
}

TEST_CASE("while somebody else has grabbed the device a program holds nothing", "[inputd][client]")
{
    InputRig rig;
    Program program{rig};
    Hand thief{rig};
    REQUIRE(thief.attach() == Errc::ok);
    rig.key(42, true);
    CHECK(program.read().size() == 2);
    for (u32 i = 0; i < 100; ++i)
        rig.key(50, i % 2 == 0);
    REQUIRE(thief.say<protocol::Grab>({1, 0}) == Errc::ok);
    auto all = program.read();
    CHECK(Events(all.end() - 4, all.end()) == Events{dropped, syn, key_event(42, 0), syn});
    REQUIRE(thief.say<protocol::Grab>({0, 0}) == Errc::ok);
    CHECK(program.read() == Events{dropped, syn, key_event(42, 1), syn});
}

TEST_CASE("a server that lies in its ring or snapshot loses its client, and no more",
          "[inputd][client][hostile]")
{
    RingPage page{};
    protocol::EventPage server{};
    std::vector<protocol::Event> events(128);
    input::Channel channel;
    REQUIRE(channel.open(page, server, std::span<const protocol::Event>{events}).has_value());
    SECTION("an index that jumps")
    {
        server.produced.index = 129;
        CHECK_FALSE(channel.poll().has_value());
    }
    SECTION("a snapshot of the future")
    {
        input::State state{};
        state.position = 1;
        channel.refresh(state, {});
    }
    SECTION("a ring that is closed")
    {
        server.closed = static_cast<u32>(Errc::malformed);
        CHECK_FALSE(channel.arm());
    }
    CHECK(channel.lost() == Errc::malformed);
    CHECK_FALSE(channel.arm());
}

TEST_CASE("events of any bytes are passed on, and held keys stay in bounds",
          "[inputd][client][hostile]")
{
    RingPage page{};
    protocol::EventPage server{};
    std::vector<protocol::Event> events(128);
    input::Channel channel;
    REQUIRE(channel.open(page, server, std::span<const protocol::Event>{events}).has_value());
    u32 i = 0;
    for (const u16 type : std::to_array<u16>({1, 2, 3, 0x11, 0xffff}))
        for (const u16 code : std::to_array<u16>({0x2ff, 0x300, 0xffff}))
            events[i++] = {{}, type, code, -1};
    server.produced.index = i;
    for (u32 n = 0; n < i; ++n)
        CHECK(channel.poll() == events[n]);
    CHECK(channel.held(0x2ff));
    CHECK_FALSE(channel.held(0x300));
}
