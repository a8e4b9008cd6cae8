// tests/host/rngd/peers_test.cpp - a random service that mixes in the bytes of another one, each
// over a device that answers as told.
#include "rig.hpp"

namespace {

using protocol::Health;
using protocol::SourceState;

// "rng0" is the Rig's service, "rng1" a second one that it mixes in.
struct Pair : Rig {
    Pair()
    {
        twin.memory = &memory;
        bench.offer(
            "rng1",
            [this](const sys::Incoming& in) {
                ++asked;
                if (refuses != Errc::ok)
                    return sys::Answer::failure(refuses);
                auto answer = sys::dispatch(protocol::Protocol{}, peer, in);
                if (equal)
                    answer.letter.words.fill(0x0707070707070707);
                return answer;
            },
            [this](u64 badge) { peer.forget(badge); });
        bench.pump = [this] { return turn(); };
    }
    ~Pair() { sys::host_counter = 0; }

    // The server starts, now that the devices are as they are to be.
    void start()
    {
        REQUIRE(peers.add(bench.startup(), "rng1", {note}).has_value());
        server.emplace(device, means(peers));
        server->begin();
        peer.begin();
    }
    bool turn()
    {
        const auto interrupt = abi::Bits::at(rngd::interrupt_bit);
        if (twin.work()) {
            REQUIRE(peer.step(interrupt).has_value());
            return true;
        }
        auto woken = bench.take_bits(note);
        if (device.work())
            woken = woken | interrupt;
        if (woken.empty() && server->next_deadline() > sys::now())
            return false;
        REQUIRE(server->step(woken).has_value());
        inbox.ring_now();
        return true;
    }
    void settle()
    {
        while (turn()) {}
    }
    // The peer gets its seed, and is asked again.
    void settle_first()
    {
        settle();
        later(10);
        settle();
    }
    void later(u64 ms) { sys::host_counter += ms * sys::counter_frequency() / 1000; }
    protocol::Source::Reply source(u32 index)
    {
        auto session = sys::connect<proto::names::Connect>(bench.startup(), "rng0").value();
        return session.call<protocol::Source>({index, 0}).value();
    }

    ScriptedDevice twin;
    sys::Borrowed<sys::Device> other{bench.give(abi::Kind::device)};
    rngd::Peers none;
    Server peer{twin, {other, &inbox, &none, {}}};
    abi::Slot note = bench.give(abi::Kind::notification);
    Errc refuses = Errc::ok;
    bool equal = false;  // bytes, all that it gives
    u32 asked = 0;
};

constexpr u64 late_ms = 1000 * rngd::Generator::late_after_seconds;

bool gives(random_bytes::Source& from)
{
    std::array<u8, 16> bytes{};
    return from.fill(bytes, sys::after_ms(1)).has_value() && std::ranges::count(bytes, u8{0}) < 8;
}

}  // namespace

TEST_CASE("two sources are mixed", "[rngd][R8][U19]")
{
    Pair both;
    both.start();
    both.settle_first();
    auto source = both.open();
    CHECK(gives(source));
    CHECK(source.info()->reseeds == 2);
    for (const u32 each : {0U, 1U}) {
        CHECK(both.source(each).state == SourceState::good);
        CHECK(both.source(each).seeds == 1);
    }
    CHECK(text::of(both.source(0).name) == "rng0");
    CHECK(text::of(both.source(1).name) == "rng1");
    CHECK(both.source(1).bytes == 32);
    auto session = sys::connect<proto::names::Connect>(both.bench.startup(), "rng0").value();
    CHECK(session.call<protocol::Source>({2, 0}).error() == Errc::out_of_range);
    CHECK(session.call<protocol::Source>({0, 1}).error() == Errc::bad_argument);
}

TEST_CASE("each source changes what is handed out", "[rngd][R8]")
{
    const auto answer = [](u32 mine, u32 theirs) {
        Pair both;
        both.device.engine.seed(mine);
        both.twin.engine.seed(theirs);
        both.start();
        both.settle_first();
        std::array<u8, 16> out{};
        REQUIRE(both.open().fill(out).has_value());
        return out;
    };
    CHECK(answer(1, 2) == answer(1, 2));
    CHECK(answer(1, 2) != answer(3, 2));
    CHECK(answer(1, 2) != answer(1, 3));
}

TEST_CASE("one of two devices stalls, and the service goes on", "[rngd][R8][LD23]")
{
    Pair both;
    SECTION("its own, from the start")
    {
        both.device.stalled = true;
        both.start();
        auto source = both.open();
        CHECK_FALSE(gives(source));
        both.later(late_ms);
        CHECK(gives(source));
        CHECK(both.source(0).state == SourceState::waiting);
    }
    SECTION("the other, from the start")
    {
        both.twin.stalled = true;
        both.start();
        auto source = both.open();
        CHECK(gives(source));
        CHECK(both.source(1).state == SourceState::waiting);
        both.twin.stalled = false;
        both.settle_first();  // told, not asked again and again
        CHECK(both.source(1).state == SourceState::good);
        CHECK(both.asked <= 4);
    }
    SECTION("its own, later and for ever")
    {
        both.start();
        both.settle_first();
        both.device.stalled = true;
        auto source = both.open();
        for (u32 i = 0; i < 3; ++i) {
            both.later(300'000 * rngd::Generator::patience);
            both.settle_first();
            CHECK(gives(source));
        }
    }
    CHECK(both.device.recoveries == 0);
}

TEST_CASE("a source that fails its health test is put aside, and the other one serves",
          "[rngd][R8][U19][LD29]")
{
    Pair both;
    SECTION("its own device")
    {
        both.device.stuck = true;
        both.start();
        both.settle_first();
        CHECK(both.source(0).state == SourceState::failed);
        CHECK(both.source(0).discarded > 0);
        CHECK(both.source(1).state == SourceState::good);
    }
    SECTION("that of the other")
    {
        both.twin.stuck = true;
        both.start();
        both.settle_first();
        CHECK(both.source(0).state == SourceState::good);
        CHECK(both.source(1).state == SourceState::failed);
    }
    auto source = both.open();
    CHECK(gives(source));
    const u32 before = both.asked;
    both.later(400'000);  // a reseed is due
    CHECK(gives(source));
    both.settle();
    CHECK(source.info()->reseeds == 2);
    if (both.twin.stuck)
        CHECK(both.asked == before + 1);  // once a minute
}

TEST_CASE("a peer that was put aside is asked again every minute, and the log says it once",
          "[rngd][R8]")
{
    Pair both;
    both.twin.stuck = true;
    both.start();
    both.settle_first();
    REQUIRE(both.source(1).state == SourceState::failed);
    const u32 before = both.asked;
    for (u32 seconds = 0; seconds < 180; ++seconds) {
        both.later(1000);
        both.settle();
    }
    CHECK(both.asked == before + 3);
    CHECK(std::ranges::count_if(both.bench.log,
                                [](const std::string& line) {
                                    return line.find("source=\"rng1\"") != line.npos
                                           || line.find("source=rng1") != line.npos;
                                })
          == 1);
}

TEST_CASE("a peer that signals on and on is asked no more often for it", "[rngd][hostile][R8]")
{
    Pair both;
    both.refuses = GENERATE(Errc::timed_out, Errc::would_block, Errc::device_fault);
    both.start();
    for (u32 ms = 0; ms < 10'000; ++ms) {
        both.bench.raise(both.note, abi::Bits::at(rngd::peer_bit));
        both.settle();
        both.later(1);
    }
    CHECK(both.asked > 8);
    CHECK(both.asked < 40);  // would_block: each time to subscribe, too
}

TEST_CASE("nothing is handed out when all sources failed", "[rngd][R8][U19][LD29]")
{
    Pair both;
    both.device.stuck = true;
    both.twin.stuck = true;
    both.start();
    both.settle_first();
    auto source = both.open();
    std::array<u8, 16> bytes{};
    CHECK(source.fill(bytes).error() == Errc::device_fault);
    CHECK(source.info()->health == Health::failed);
    CHECK(bytes == std::array<u8, 16>{});

    both.twin.stuck = false;  // its server is another one, which does better
    both.peer.~Server();
    new (&both.peer) Pair::Server{both.twin, {both.other, &both.inbox, &both.none, {}}};
    both.twin.forget();
    both.peer.begin();
    both.bench.raise(both.note, abi::Bits::at(rngd::peer_bit));
    both.later(1000);
    both.settle();
    CHECK(gives(source));
}

TEST_CASE("a client that waits hears that the last source failed, when it is a peer",
          "[rngd][clients][R8][R10][LD29]")
{
    Pair both;
    both.device.stuck = true;
    both.refuses = Errc::timed_out;
    both.start();
    both.settle_first();
    REQUIRE(both.source(0).state == SourceState::failed);
    auto source = both.open();
    bool waited = false;
    both.bench.pump = [&] {
        if (std::exchange(waited, true))
            return both.turn();
        both.refuses = Errc::device_fault;
        both.later(1000);
        return true;
    };
    std::array<u8, 16> bytes{};
    CHECK(source.fill(bytes).error() == Errc::device_fault);
    CHECK(waited);
    CHECK_FALSE(both.bench.stuck());
}

TEST_CASE("nothing is handed out before the first seed of either source", "[rngd][R7][R8][U19]")
{
    Pair both;
    both.device.stalled = true;
    both.twin.stalled = true;
    both.start();
    both.settle_first();
    auto source = both.open();
    std::array<u8, 16> bytes{};
    CHECK(source.get(bytes).error() == Errc::would_block);
    CHECK(source.info()->health == Health::unseeded);
    both.later(late_ms);
    CHECK(source.get(bytes).error() == Errc::would_block);
    both.twin.stalled = false;
    CHECK(gives(source));
}

TEST_CASE("a peer alone is enough only once the own device is late", "[rngd][hostile][R7][R8][U19]")
{
    Pair both;
    both.device.stalled = true;
    const u64 late_at = sys::after_ms(late_ms).raw();
    both.start();
    both.settle_first();
    CHECK(both.source(1).state == SourceState::good);
    auto source = both.open();
    std::array<u8, 16> bytes{};
    CHECK(source.get(bytes).error() == Errc::would_block);
    CHECK(source.info()->health == Health::unseeded);

    both.bench.pump = [&] {
        if (both.turn())
            return true;
        const auto next = both.server->next_deadline();
        if (next == abi::never)
            return false;
        CHECK(next.raw() > sys::host_counter);  // sleeps meanwhile
        sys::host_counter = next.raw();
        return true;
    };
    SECTION("a client that waits is told then")
    {
        CHECK(source.fill(bytes).has_value());
        CHECK(sys::host_counter == late_at);
        CHECK(both.server->next_deadline() == abi::never);
    }
    SECTION("the device gives its seed before")
    {
        both.device.stalled = false;
        CHECK(source.fill(bytes).has_value());
        CHECK(sys::host_counter < late_at);
    }
    SECTION("the device fails before")
    {
        both.device.stalled = false;
        both.device.stuck = true;
        CHECK(source.fill(bytes).has_value());
        CHECK(sys::host_counter < late_at);
    }
}

TEST_CASE("a server sleeps while one waits that took its share", "[rngd][hostile][R8][R10]")
{
    Pair both;
    both.start();
    both.settle_first();
    both.bench.program = 7;
    auto greedy = both.open();
    both.device.stalled = true;
    both.refuses = Errc::timed_out;
    both.later(late_ms);
    both.bench.pump = [] { return false; };
    std::vector<u8> bytes(1 << 16);
    while (greedy.fill(bytes, sys::after_ms(1)).has_value()) {}
    REQUIRE(greedy.wait(sys::after_ms(1)).error() == Errc::timed_out);
    REQUIRE(greedy.info()->health == Health::good);
    REQUIRE(both.server->step({}).has_value());
    CHECK(both.server->next_deadline() > sys::now());
    CHECK(both.server->next_deadline() != abi::never);  // the peer is asked again
}

TEST_CASE("who began to wait just before the device was late is told", "[rngd][R8][R10]")
{
    Pair both;
    both.device.stalled = true;
    both.start();
    both.settle_first();
    auto source = both.open();
    CHECK(source.wait(sys::after_ms(1)).error() == Errc::timed_out);
    both.later(late_ms);  // before the server looks at the time again
    REQUIRE(both.server->next_deadline() <= sys::now());
    const u64 signals = both.bench.signals;
    REQUIRE(both.server->step({}).has_value());
    CHECK(both.bench.signals == signals + 1);
    CHECK(both.server->next_deadline() == abi::never);
}

TEST_CASE("a peer whose bytes are all the same is put aside", "[rngd][hostile][R8][LD29]")
{
    Pair both;
    both.device.stalled = true;
    both.equal = true;
    both.start();
    both.later(late_ms);
    both.settle();
    CHECK(both.source(1).state == SourceState::failed);
    CHECK(both.source(1).bytes == 0);
    auto source = both.open();
    CHECK_FALSE(gives(source));
    both.device.stalled = false;
    CHECK(gives(source));
}

TEST_CASE("a peer that does not answer is asked again, later and later", "[rngd][R8]")
{
    Pair both;
    both.refuses = Errc::timed_out;
    both.start();
    u32 tries = 0;
    for (u32 ms = 0; ms < 10'000; ++ms) {
        both.settle();
        both.later(1);
    }
    tries = both.asked;
    CHECK(tries > 8);
    CHECK(tries < 20);
    auto source = both.open();
    CHECK(gives(source));
    both.refuses = Errc::ok;
    both.later(1000);
    both.settle();
    CHECK(both.source(1).state == SourceState::good);
}

TEST_CASE("who waits for a seed because of its share wakes nobody until there is one",
          "[rngd][R10][U16]")
{
    Pair both;
    both.start();
    both.settle_first();
    both.later(late_ms);
    both.bench.program = 7;
    auto session = sys::connect<proto::names::Connect>(both.bench.startup(), "rng0").value();
    both.device.stalled = true;
    both.refuses = Errc::would_block;
    u32 served = 0;
    while (session.call<protocol::GetMany>({512, 0}))
        ++served;
    CHECK(served > 1 << 14);  // it found its share
    auto note = sys::create_notification().value();
    auto bell = sys::doorbell(note.borrow(), abi::Bits::at(0)).value();
    REQUIRE(session.call<protocol::Subscribe>({}, sys::HandleSet::of(std::move(bell)), 0));
    CHECK(both.server->next_deadline() > sys::now());
}

TEST_CASE("asking a peer leaves the message of a client alone", "[rngd][hostile]")
{
    Pair both;
    both.refuses = Errc::timed_out;
    both.twin.stalled = true;  // so it is asked to tell when it has bytes, with a handle
    both.start();
    both.settle_first();
    both.refuses = Errc::ok;
    both.later(100);
    sys::message_page().payload.fill(0x5a);
    sys::message_page().handles.fill(abi::Slot{77});
    const u32 before = both.asked;
    REQUIRE(both.server->step({}).has_value());
    CHECK(both.asked > before);
    CHECK(std::ranges::count(sys::message_page().payload, 0x5a) == 512);
    CHECK(std::ranges::count(sys::message_page().handles, abi::Slot{77}) == abi::message_handles);
}
