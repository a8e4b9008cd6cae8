// tests/host/rngd/service_test.cpp - the random service and its client library, over a device that
// answers as told.
#include "counted.hpp"
#include "rig.hpp"

#include <set>

TEST_CASE("a client gets as many bytes as it asks for", "[rngd][clients][R6]")
{
    Rig rig;
    rig.settle();
    auto source = rig.open();
    std::set<u8> values;
    for (usize count : {1U, 55U, 56U, 57U, 512U, 513U, 5000U}) {
        std::vector<u8> bytes(count + 1, 0);
        REQUIRE(source.fill(std::span{bytes}.first(count)).has_value());
        CHECK(bytes[count] == 0);
        values.insert(bytes.begin(), bytes.end());
    }
    CHECK(values.size() == 256);
    CHECK(source.info()->bytes_served == 1 + 55 + 56 + 57 + 512 + 513 + 5000);
    CHECK(source.info()->health == protocol::Health::good);
}

TEST_CASE("bytes that came without an interrupt are found when somebody asks",
          "[rngd][hostile][LD22]")
{
    Rig rig;
    auto source = rig.open();
    while (rig.device.work())
        REQUIRE(rig.server->step({}).has_value());
    CHECK(source.info()->health == protocol::Health::good);
}

TEST_CASE("a client that comes before the seed sleeps until there is one",
          "[rngd][clients][R3][R7][R10]")
{
    Rig rig;
    rig.device.most = 1;  // a thousand answers until it is seeded
    auto source = rig.open();
    std::array<u8, 8> bytes{};
    CHECK(source.get(bytes).error() == Errc::would_block);
    CHECK(source.info()->health == protocol::Health::unseeded);
    CHECK(source.fill(bytes).has_value());
    CHECK(rig.bench.waits == 1);
    CHECK_FALSE(rig.bench.stuck());
}

TEST_CASE("a device that never answers times its clients out, and serves them when it does",
          "[rngd][clients][R5][R10]")
{
    Rig rig;
    rig.device.stalled = true;
    auto source = rig.open();
    std::array<u8, 8> bytes{};
    CHECK(source.fill(bytes, sys::after_ms(1)).error() == Errc::timed_out);
    rig.device.stalled = false;
    CHECK(source.fill(bytes, sys::after_ms(1)).has_value());
}

TEST_CASE("a device that gives zeroes is given up, and clients are told",
          "[rngd][clients][hostile][LD29]")
{
    Rig rig;
    rig.device.stuck = true;
    rig.settle();
    auto source = rig.open();
    std::array<u8, 8> bytes{};
    CHECK(source.fill(bytes).error() == Errc::device_fault);
    CHECK(source.info()->health == protocol::Health::failed);
}

TEST_CASE("a client that sleeps for a seed hears that there will be none",
          "[rngd][clients][hostile][LD29]")
{
    Rig rig;
    rig.device.stuck = true;
    auto source = rig.open();
    std::array<u8, 8> bytes{};
    CHECK(source.fill(bytes).error() == Errc::device_fault);
    CHECK_FALSE(rig.bench.stuck());
    CHECK(source.wait().has_value());  // at once
}

TEST_CASE("a device that returns empty buffers on and on stops the server", "[rngd][hostile][LD29]")
{
    Rig rig;
    rig.device.most = 0;
    u32 steps = 0;
    Result<> outcome;
    for (; outcome && steps < 100; ++steps) {
        REQUIRE(rig.device.work());
        outcome = rig.server->step(abi::Bits::at(rngd::interrupt_bit));
    }
    CHECK(outcome.error() == Errc::device_fault);
    CHECK(rig.device.recoveries == rngd::Server<ScriptedDevice>::most_faults);
}

TEST_CASE("a device that needs a reset gets it, and what was asked for is asked again",
          "[rngd][hostile][LD12]")
{
    Rig rig;
    REQUIRE(rig.device.requested > 0);
    rig.device.needs_reset = true;
    SECTION("once")
    {
        REQUIRE(rig.server->step(abi::Bits::at(rngd::interrupt_bit)).has_value());
        CHECK(rig.device.recoveries == 1);
        CHECK(rig.device.requested > 0);
        rig.settle();
        std::array<u8, 8> bytes{};
        CHECK(rig.open().fill(bytes).has_value());
    }
    SECTION("on and on")
    {
        rig.device.heals = false;
        Result<> outcome;
        for (u32 steps = 0; outcome && steps < 100; ++steps)
            outcome = rig.server->step(abi::Bits::at(rngd::interrupt_bit));
        CHECK(outcome.error() == Errc::device_fault);
        CHECK(rig.device.recoveries == rngd::Server<ScriptedDevice>::most_faults);
    }
}

TEST_CASE("no copy of a device's answer is left behind on its way", "[rngd]")
{
    Rig rig;
    SECTION("when all is well") { rig.settle(); }
    SECTION("when the server ends")
    {
        rig.device.returned.assign(4, 0);
        rig.device.returned.front() = 256;
        rig.device.requested = 4;
        Result<> outcome = rig.server->step(abi::Bits::at(rngd::interrupt_bit));
        while (outcome) {
            rig.device.returned = {256, 0};
            rig.device.requested = 4;
            outcome = rig.server->step(abi::Bits::at(rngd::interrupt_bit));
        }
    }
    REQUIRE(rig.device.place.size() == 256);
    CHECK(std::ranges::count(rig.device.place, std::byte{}) == 256);
}

TEST_CASE("while a seed is overdue no program takes what is left for the others",
          "[rngd][clients][R10][U16]")
{
    Rig rig;
    rig.settle();
    rig.bench.program = 7;
    auto greedy = rig.open();
    auto brother = rig.open();
    rig.bench.program = 8;
    auto other = rig.open();
    rig.device.stalled = true;
    using rngd::Generator;
    constexpr u64 all = Generator::patience * Generator::reseed_after_bytes;
    std::vector<u8> bytes(1 << 16);
    while (greedy.fill(bytes, sys::after_ms(1)).has_value()) {}
    std::array<u8, 8> few{};
    CHECK(greedy.get(few).error() == Errc::would_block);
    CHECK(brother.get(few).error() == Errc::would_block);
    const u64 taken = greedy.info()->bytes_served - Generator::reseed_after_bytes;
    CHECK(taken >= (all - Generator::reseed_after_bytes) / 2);
    CHECK(taken < (all - Generator::reseed_after_bytes) / 2 + 2 * bytes.size());
    CHECK(other.fill(bytes).has_value());
    CHECK(greedy.info()->health == protocol::Health::good);

    CHECK(greedy.wait(sys::after_ms(1)).error() == Errc::timed_out);
    CHECK(other.wait(sys::after_ms(1)).has_value());
    rig.device.stalled = false;
    CHECK(greedy.fill(bytes).has_value());
    CHECK_FALSE(rig.bench.stuck());
}

TEST_CASE("an answer is wiped from the page that it left by", "[rngd][R9]")
{
    Rig rig;
    rig.settle();
    auto source = rig.open();
    std::array<u8, 512> bytes{};
    REQUIRE(source.fill(bytes).has_value());
    const auto page = std::span{sys::message_page().payload}.first(bytes.size());
    CHECK(std::memcmp(page.data(), bytes.data(), bytes.size()) == 0);
    REQUIRE(rig.server->step({}).has_value());
    CHECK(std::ranges::count(page, u8{0}) == 512);
}

TEST_CASE("what the random service counts is in its server's page", "[rngd]")
{
    Rig rig;
    std::array<u8, 100> bytes{};
    CHECK(rig.open().get(bytes).error() == Errc::would_block);
    rig.settle();
    rig.bench.access = proto::table::Access::raw;
    auto source = rig.open();
    REQUIRE(source.fill(bytes).has_value());
    REQUIRE(source.raw(64).has_value());
    using bench::counted;
    CHECK(counted("device_bytes") == 1024);
    CHECK(counted("discarded") == 0);
    CHECK(counted("raw") == 1);
    CHECK(counted("refused") == 1);
    CHECK(counted("reseeds") == 1);
    CHECK(counted("resets") == 0);
    CHECK(counted("served") == 100);
}

TEST_CASE("requests that make no sense are refused", "[rngd][hostile]")
{
    Rig rig;
    rig.settle();
    auto session = sys::connect<proto::names::Connect>(rig.bench.startup(), "rng0").value();
    CHECK(session.call<protocol::Get>({0, 0}).error() == Errc::bad_argument);
    CHECK(session.call<protocol::Get>({57, 0}).error() == Errc::bad_argument);
    CHECK(session.call<protocol::Get>({8, 1}).error() == Errc::bad_argument);
    CHECK(session.call<protocol::GetMany>({513, 0}).error() == Errc::bad_argument);
    CHECK(session.call<protocol::GetMany>({~0U, 0}).error() == Errc::bad_argument);
    CHECK(session.call<protocol::Subscribe>({}).error() == Errc::bad_argument);
    const auto few = session.call<protocol::Get>({3, 0});
    REQUIRE(few.has_value());
    CHECK(std::ranges::count(std::span{few->data}.subspan(3), 0) == 53);
}

TEST_CASE("subscriptions are counted, and end with their badge", "[rngd][hostile]")
{
    Rig rig;
    rig.device.stalled = true;
    const usize before = rig.bench.handles();
    {
        std::vector<sys::Session> sessions;
        const auto subscribe = [&](sys::Session& session) {
            auto note = sys::create_notification().value();
            auto bell = sys::doorbell(note.borrow(), abi::Bits::at(0)).value();
            return session.call<protocol::Subscribe>({}, sys::HandleSet::of(std::move(bell)), 0);
        };
        for (u32 i = 0; i < rngd::Server<ScriptedDevice>::most_subscribers; ++i) {
            sessions.push_back(
                sys::connect<proto::names::Connect>(rig.bench.startup(), "rng0").value());
            REQUIRE(subscribe(sessions.back()).has_value());
            REQUIRE(subscribe(sessions.back()).has_value());  // replaces its own
        }
        auto late = sys::connect<proto::names::Connect>(rig.bench.startup(), "rng0").value();
        CHECK(subscribe(late).error() == Errc::over_quota);
        sessions.pop_back();
        CHECK(subscribe(late).has_value());
    }
    CHECK(rig.bench.handles() == before);
}

TEST_CASE("no program takes all places of who waits for a seed", "[rngd][clients][hostile][R10]")
{
    Rig rig;
    rig.device.stalled = true;
    rig.bench.program = 7;
    std::vector<random_bytes::Source> waiting;
    const auto wait = [&] {
        waiting.push_back(rig.open());
        return waiting.back().wait(sys::after_ms(1)).error();
    };
    constexpr u32 most = rngd::Server<ScriptedDevice>::most_subscribers_of_program;
    for (u32 i = 0; i < most; ++i)
        CHECK(wait() == Errc::timed_out);
    CHECK(wait() == Errc::over_quota);
    std::array<u8, 8> bytes{};
    CHECK(waiting.back().fill(bytes).error() == Errc::over_quota);
    CHECK(waiting.front().wait(sys::after_ms(1)).error() == Errc::timed_out);  // in its own place
    rig.bench.program = 8;
    CHECK(wait() == Errc::timed_out);
    waiting.erase(waiting.begin());
    rig.bench.program = 7;
    CHECK(wait() == Errc::timed_out);
}

TEST_CASE("a client that sleeps for the seed of a server that dies hears of the next one's",
          "[rngd][clients]")
{
    Rig rig;
    rig.device.stalled = true;
    auto source = rig.open();
    const auto killed = rig.die_when_stuck();
    std::array<u8, 100> bytes{};
    CHECK(source.fill(bytes).has_value());
    CHECK(*killed);
    CHECK_FALSE(rig.bench.stuck());
    CHECK(std::ranges::count(bytes, u8{0}) < 10);
}

TEST_CASE("bytes whose server died before they were seen are not the ones that are got",
          "[rngd][clients][U19]")
{
    Rig rig;
    rig.settle();
    auto source = rig.open();
    rig.dies_with_the_answer = true;
    u64 got = 0;
    CHECK(source.fill({reinterpret_cast<u8*>(&got), sizeof(got)}).has_value());
    CHECK(rig.bench.epoch == 2);
    CHECK(rig.last_words != 0);
    CHECK(got != rig.last_words);
    CHECK(rig.open().info()->bytes_served == sizeof(got));
}

TEST_CASE("a source whose service was given up says so", "[rngd][clients]")
{
    Rig rig;
    rig.device.stalled = true;
    auto source = rig.open();
    rig.bench.pump = [&] {
        if (rig.bench.given_up)
            return false;
        rig.bench.give_up();
        return true;
    };
    std::array<u8, 8> bytes{};
    CHECK(source.fill(bytes).error() == Errc::gave_up);
}
