// tests/host/inputd/session_test.cpp - what a client that reads slowly, or never, is given.
#include "session.hpp"

#include <memory>
#include <vector>

#include <catch2/catch.hpp>

using namespace inputd;

namespace {

constexpr u16 rel = EventType::rel;
constexpr u16 axis = EventType::abs;
constexpr u16 key = EventType::key;
constexpr input::Event syn{{}, EventType::syn, 0, 0};
constexpr input::Event dropped{{}, EventType::syn, 3, 0};

// A session over a ring of 128, and its client.
struct Rig {
    explicit Rig(u32 types = input::all_types)
        : session{Session::over({client->page, *page, events}, types, counts).value()}
    {
    }

    struct Client {
        RingPage page{};
    };

    void deliver(std::vector<input::Event> frame)
    {
        u32 types = 0;
        for (const auto& event : frame)
            types |= 1u << event.type;
        frame.push_back(syn);
        session.deliver(frame, types);
        show();
    }
    void show()
    {
        do
            rung += session.publish() ? 1 : 0;
        while (session.resume());
    }
    // `count` frames of a key, alternately pressed and released: two events each.
    void keys(u32 count)
    {
        for (u32 i = 0; i < count; ++i)
            deliver({{{}, key, 30, i % 2 == 0 ? 1 : 0}});
    }
    std::vector<input::Event> read(u32 most = ~0U)
    {
        std::vector<input::Event> all;
        while (all.size() < most) {
            auto event = ring.pop();
            if (!event)
                break;
            event->time = {};
            all.push_back(*event);
        }
        // The client rings if the server waits for room.
        if (ring.release_and_check()) {
            ++bells;
            show();
        }
        return all;
    }

    std::unique_ptr<Client> client = std::make_unique<Client>();
    std::unique_ptr<input::EventPage> page = std::make_unique<input::EventPage>();
    std::vector<input::Event> events = std::vector<input::Event>(128);
    Counts counts;
    Session session;
    Consumer<input::Event> ring =
        Consumer<input::Event>::over(
            client->page.consumed, page->produced, std::span<const input::Event>{events})
            .value();
    u32 rung = 0;
    u32 bells = 0;
};

}  // namespace

TEST_CASE("a session gets the types it wants, in whole frames", "[inputd][session][I9]")
{
    Rig rig{1U << rel};
    rig.deliver({{{}, key, 272, 1}, {{}, rel, 0, 5}});
    rig.deliver({{{}, key, 272, 0}});
    CHECK(rig.read() == std::vector<input::Event>{{{}, rel, 0, 5}, syn});
    rig.session.subscribe(1U << key);
    rig.deliver({{{}, key, 272, 1}, {{}, rel, 0, 5}});
    CHECK(rig.read() == std::vector<input::Event>{{{}, key, 272, 1}, syn});
    CHECK(rig.session.position() == 4);
}

TEST_CASE("a frame takes the places of what a session wants of it", "[inputd][session][I9]")
{
    Rig rig{1u << key};
    rig.keys(63);
    rig.deliver({{{}, rel, 0, 5}, {{}, key, 30, 0}, {{}, rel, 1, 5}});
    CHECK(rig.read().size() == 128);
    CHECK(rig.counts.dropped == 0);
}

TEST_CASE("motion that finds no room is added up, and nothing of it is lost",
          "[inputd][session][I13]")
{
    Rig rig;
    i64 sent = 0;
    for (i32 i = 1; i <= 1000; ++i) {
        rig.deliver({{{}, rel, 0, i}, {{}, rel, 1, -1}, {{}, axis, 1, i}});
        sent += i;
    }
    i64 x = 0;
    i32 y = 0;
    i32 last = 0;
    for (auto all = rig.read(); !all.empty(); all = rig.read())
        for (const auto& event : all) {
            CHECK(event != dropped);
            x += event.type == rel && event.code == 0 ? event.value : 0;
            y += event.type == rel && event.code == 1 ? event.value : 0;
            last = event.type == axis ? event.value : last;
        }
    CHECK(x == sent);
    CHECK(y == -1000);
    CHECK(last == 1000);
    CHECK(rig.counts.dropped == 0);
    CHECK(rig.counts.coalesced > 900);
    CHECK(rig.bells == 1);
}

TEST_CASE("a sum of motion stays within 32 bits", "[inputd][session][hostile]")
{
    Rig rig;
    rig.keys(63);
    for (int i = 0; i < 3; ++i)
        rig.deliver({{{}, rel, 0, 0x7fff'ffff}, {{}, rel, 1, -0x7fff'ffff}});
    std::vector<input::Event> all;
    for (auto some = rig.read(); !some.empty(); some = rig.read())
        all.insert(all.end(), some.begin(), some.end());
    REQUIRE(all.size() == 63 * 2 + 3);
    CHECK(all[126] == input::Event{{}, rel, 0, 0x7fff'ffff});
    CHECK(all[127] == input::Event{{}, rel, 1, -0x7fff'ffff - 1});
}

TEST_CASE("keys that find no room are lost with one SYN_DROPPED where they were",
          "[inputd][session][I4]")
{
    Rig rig;
    rig.keys(500);
    CHECK(rig.counts.dropped == 500 - 64);
    // All before the loss, in order; then the mark, and only once there is room for more than that.
    auto first = rig.read(50);
    CHECK(first.size() == 50);
    rig.keys(1);
    auto rest = rig.read();
    CHECK(rest.size() == 78);
    first.insert(first.end(), rest.begin(), rest.end());
    for (usize i = 0; i < first.size(); ++i)
        CHECK(first[i] == (i % 2 == 1 ? syn : input::Event{{}, key, 30, i / 2 % 2 == 0 ? 1 : 0}));
    CHECK(rig.read() == std::vector{dropped, syn});
    rig.keys(1);
    CHECK(rig.read() == std::vector<input::Event>{{{}, key, 30, 1}, syn});
}

TEST_CASE("a key after motion that waits does not overtake it", "[inputd][session][I13]")
{
    Rig rig;
    rig.keys(63);
    rig.deliver({{{}, rel, 0, 1}});
    rig.deliver({{{}, rel, 0, 2}});  // waits
    (void)rig.read(4);
    rig.deliver({{{}, key, 30, 1}});
    std::vector<input::Event> all;
    for (auto some = rig.read(); !some.empty(); some = rig.read())
        all.insert(all.end(), some.begin(), some.end());
    REQUIRE(all.size() >= 6);
    const std::vector<input::Event> end{all.end() - 6, all.end()};
    CHECK(end
          == std::vector<input::Event>{
              {{}, rel, 0, 1}, syn, {{}, rel, 0, 2}, syn, {{}, key, 30, 1}, syn});
}

TEST_CASE("a key that finds motion waiting and no room loses both", "[inputd][session]")
{
    Rig rig;
    rig.keys(64);
    rig.deliver({{{}, rel, 0, 2}});
    rig.deliver({{{}, key, 30, 0}});
    CHECK(rig.read().size() == 128);
    CHECK(rig.read() == std::vector{dropped, syn});
    CHECK(rig.read().empty());
}

TEST_CASE("a client is rung when it sleeps, and only then", "[inputd][session]")
{
    Rig rig;
    rig.keys(2);
    CHECK(rig.rung == 1);  // it sleeps on an empty ring at first
    (void)rig.read();
    rig.keys(1);
    CHECK(rig.rung == 1);
    (void)rig.read();
    REQUIRE(rig.ring.arm());
    rig.keys(3);
    CHECK(rig.rung == 2);
}

TEST_CASE("an index that no client can have reached breaks the session",
          "[inputd][session][hostile]")
{
    Rig rig;
    rig.keys(1);
    rig.client->page.consumed.index = GENERATE(3u, 129u, ~0u);
    rig.keys(100);
    CHECK(rig.session.broken());
    CHECK_FALSE(rig.session.resume());
    rig.session.close(Errc::malformed);
    CHECK(rig.page->closed == static_cast<u32>(Errc::malformed));
}

TEST_CASE("a held key repeats until it is released, and late repeats are not made up for",
          "[inputd][session]")
{
    Rig rig;
    const auto at = [](u64 time) { return abi::Ticks{time}; };
    const auto press = [&](u16 code, i32 value, u64 time) {
        rig.session.deliver(
            std::array{input::Event{at(time), key, code, value}, input::Event{at(time), 0, 0, 0}},
            1u << key);
        rig.show();
    };
    rig.session.set_repeat(at(250), at(30));
    CHECK(rig.session.due() == abi::never);
    press(30, 1, 1000);
    CHECK(rig.session.due() == at(1250));
    (void)rig.read();
    rig.session.repeat(at(1249));
    rig.session.repeat(at(1250));
    rig.show();
    CHECK(rig.read() == std::vector<input::Event>{{{}, key, 30, 2}, syn});
    CHECK(rig.session.due() == at(1280));
    rig.session.repeat(at(2000));
    rig.show();
    CHECK(rig.read().size() == 2);
    CHECK(rig.session.due() == at(2030));
    press(48, 1, 2001);
    CHECK(rig.session.due() == at(2251));
    press(30, 0, 2002);
    CHECK(rig.session.due() == at(2251));
    press(48, 0, 2003);
    CHECK(rig.session.due() == abi::never);
    press(0x110, 1, 2004);  // a button
    CHECK(rig.session.due() == abi::never);
    press(30, 1, 2005);
    rig.session.lose(at(2006));
    CHECK(rig.session.due() == abi::never);
}
