// tests/host/base/ring_hostile_test.cpp - the other side writes what it likes.
#include "ring_fixture.hpp"

#include <random>

#include <catch2/catch.hpp>

TEST_CASE("an impossible index of the producer breaks the ring for good", "[base][ring][hostile]")
{
    Shared shared{8};
    auto in = shared.producer();
    auto out = shared.consumer();
    REQUIRE(in.push(entry(1)));
    REQUIRE(in.push(entry(2)));
    (void)in.publish();
    REQUIRE(out.pop());
    REQUIRE(out.pop());

    SECTION("more than the ring holds") { shared.produced.index = 2 + 9; }
    SECTION("backwards") { shared.produced.index = 1; }
    SECTION("far away") { shared.produced.index = 0x8000'0000; }
    SECTION("just below") { shared.produced.index = 0xffff'ffff; }

    CHECK(out.ready() == 0);
    CHECK(out.pop().error() == Errc::malformed);
    CHECK(out.broken());
    shared.produced.index = 3;  // too late
    CHECK(out.pop().error() == Errc::malformed);
    CHECK(out.available() == 0);
    CHECK(out.ready() == 0);
    CHECK_FALSE(out.arm());  // never sleep on a broken ring
}

TEST_CASE("an impossible index of the consumer breaks the ring for good", "[base][ring][hostile]")
{
    Shared shared{4};
    auto in = shared.producer();
    for (u64 n = 0; n < 4; ++n)
        REQUIRE(in.push(entry(n)));
    (void)in.publish();
    shared.consumed.index = 2;
    REQUIRE(in.room() == 2);

    SECTION("past what it was shown") { shared.consumed.index = 5; }
    SECTION("backwards") { shared.consumed.index = 1; }
    SECTION("far away") { shared.consumed.index = 0x8000'0002; }

    CHECK(in.room() == 0);
    CHECK(in.broken());
    shared.consumed.index = 4;
    (void)in.push(entry(9));
    (void)in.push(entry(9));
    CHECK(in.push(entry(9)).error() == Errc::malformed);
    CHECK_FALSE(in.arm());
}

TEST_CASE("a consumer cannot take what was pushed but not shown", "[base][ring][hostile]")
{
    Shared shared{2};
    auto in = shared.producer();
    REQUIRE(in.push(entry(0)));
    REQUIRE(in.push(entry(1)));
    shared.consumed.index = 1;
    CHECK(in.push(entry(2)).error() == Errc::malformed);
}

TEST_CASE("what the peer writes into index pages never leads outside the entries",
          "[base][ring][hostile]")
{
    // ASan watches: the entries are the whole allocation.
    std::mt19937 random{GENERATE(1U, 2U, 3U)};
    for (int round = 0; round < 2'000; ++round) {
        Shared shared{4};
        auto in = shared.producer();
        auto out = shared.consumer();
        for (int step = 0; step < 40; ++step) {
            if (random() % 4 == 0)
                shared.produced.index += static_cast<u32>(random() % 3);
            if (random() % 4 == 0)
                shared.consumed.index += static_cast<u32>(random() % 3);
            if (random() % 16 == 0)
                (random() % 2 == 0 ? shared.produced : shared.consumed) = {
                    static_cast<u32>(random()), static_cast<u32>(random()), {}};
            (void)in.push(entry(random()));
            (void)in.publish();
            (void)out.pop();
            (void)out.release_and_check();
            REQUIRE(in.room() <= 4);
            REQUIRE(out.available() <= 4);
        }
    }
}

TEST_CASE("an entry that changes after pop does not change the copy", "[base][ring][hostile]")
{
    Shared shared{2};
    auto in = shared.producer();
    auto out = shared.consumer();
    REQUIRE(in.push(entry(7)));
    (void)in.publish();
    const Entry copy = out.pop().value();
    shared.storage[0] = {99, 99};
    CHECK(copy.number == 7);
    CHECK(copy.twice == 14);
}
