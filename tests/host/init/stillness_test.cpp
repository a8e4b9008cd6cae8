// tests/host/init/stillness_test.cpp - what counts as hanging, by a clock that the test holds.
#include "stillness.hpp"

#include <catch2/catch.hpp>

using init::Stillness;
using init::Verdict;

namespace {

abi::Ticks at(u64 ms) { return sys::milliseconds(1'000 + ms); }

}  // namespace

TEST_CASE("a server that owes and stands still at five looks in time hangs", "[init][hang]")
{
    Stillness stillness;
    CHECK(stillness.look(at(0), 7, true) == Verdict::unknown);
    for (u64 i = 1; i < 5; ++i) {
        CHECK(stillness.due() == at(20 * i));
        CHECK(stillness.look(at(20 * i), 7, true) == Verdict::unknown);
    }
    CHECK(stillness.look(at(100), 7, true) == Verdict::hangs);
}

TEST_CASE("a server that moved, or owes nothing, at any of the looks goes on", "[init][hang]")
{
    const u64 which = GENERATE(1U, 2U, 3U, 4U, 5U);
    const bool moved = GENERATE(true, false);
    Stillness stillness;
    for (u64 i = 0; i < which; ++i)
        REQUIRE(stillness.look(at(20 * i), 7, true) == Verdict::unknown);
    CHECK(stillness.look(at(20 * which), moved ? 8 : 7, moved) == Verdict::goes_on);
}

TEST_CASE("who owes nothing at first is left alone", "[init][hang]")
{
    CHECK(Stillness{}.look(at(0), 0, false) == Verdict::goes_on);
}

TEST_CASE("a look that comes late makes those before it count for nothing", "[init][hang]")
{
    const u64 late = GENERATE(6U, 20U, 1'000'000U);
    const u64 which = GENERATE(1U, 4U, 5U);
    Stillness stillness;
    u64 now = 0;
    for (u64 i = 0; i < which; ++i, now += 20)
        REQUIRE(stillness.look(at(now), 7, true) == Verdict::unknown);
    now += late;
    REQUIRE(stillness.look(at(now), 7, true) == Verdict::unknown);
    for (u64 i = 1; i < 5; ++i)
        REQUIRE(stillness.look(at(now += 20), 7, true) == Verdict::unknown);
    CHECK(stillness.look(at(now + 20), 7, true) == Verdict::hangs);
}

TEST_CASE("a look that is a little late counts", "[init][hang]")
{
    Stillness stillness;
    u64 now = 0;
    for (u64 i = 0; i < 5; ++i, now += 25)
        REQUIRE(stillness.look(at(now), 7, true) == Verdict::unknown);
    CHECK(stillness.look(at(now), 7, true) == Verdict::hangs);
}

TEST_CASE("a machine that always stands still finds nobody guilty, and looks not for ever",
          "[init][hang]")
{
    Stillness stillness;
    u64 looks = 0;
    Verdict verdict = Verdict::unknown;
    for (; verdict == Verdict::unknown; ++looks)
        verdict = stillness.look(at(looks * 30), 7, true);
    CHECK(verdict == Verdict::goes_on);
    CHECK(looks == Stillness::most_looks);
}
