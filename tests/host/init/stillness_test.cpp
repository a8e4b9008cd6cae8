// tests/host/init/stillness_test.cpp - what counts as hanging, by a clock that the test holds.
#include "lookout.hpp"
#include "managed.hpp"

#include <catch2/catch.hpp>

using init::Lookout;
using init::Pace;
using init::Roll;
using init::Stillness;
using init::Timing;
using init::Verdict;

namespace {

constexpr proto::table::Hang policy = proto::table::usual_hang;

abi::Ticks at(u64 ms) { return sys::milliseconds(1'000 + ms); }

// Looks at one server, at times of the test's choice.
struct Watcher {
    Pace pace{policy};
    Stillness stillness;

    Verdict look(u64 ms, u64 turn, bool works)
    {
        return stillness.look(policy, pace.timing(at(ms)), turn, works);
    }
};

}  // namespace

TEST_CASE("a server that is at work on the same at five looks in time hangs", "[init][hang][U17]")
{
    Watcher watcher;
    CHECK(watcher.look(0, 7, true) == Verdict::unknown);
    for (u64 i = 1; i < 5; ++i) {
        CHECK(watcher.pace.due() == at(20 * i));
        CHECK(watcher.look(20 * i, 7, true) == Verdict::unknown);
    }
    CHECK(watcher.look(100, 7, true) == Verdict::hangs);
    CHECK(watcher.look(120, 7, true) == Verdict::hangs);
}

TEST_CASE("a server that moved, or waits, at any of the looks goes on", "[init][hang]")
{
    const u64 which = GENERATE(1U, 2U, 3U, 4U, 5U);
    const bool moved = GENERATE(true, false);
    Watcher watcher;
    for (u64 i = 0; i < which; ++i)
        REQUIRE(watcher.look(20 * i, 7, true) == Verdict::unknown);
    CHECK(watcher.look(20 * which, moved ? 8 : 7, moved)
          == (moved ? Verdict::unknown : Verdict::goes_on));
    for (u64 i = 1; i <= 5; ++i)
        CHECK(watcher.look(20 * (which + i), 9, true) == Verdict::unknown);
    CHECK(watcher.look(20 * (which + 6), 9, true) == Verdict::hangs);
}

TEST_CASE("who waits is left alone", "[init][hang]")
{
    CHECK(Watcher{}.look(0, 0, false) == Verdict::goes_on);
}

TEST_CASE("a look that comes late makes those before it count for nothing", "[init][hang][U27]")
{
    const u64 late = GENERATE(6U, 20U, 1'000'000U);
    const u64 which = GENERATE(1U, 4U, 5U);
    Watcher watcher;
    u64 now = 0;
    for (u64 i = 0; i < which; ++i, now += 20)
        REQUIRE(watcher.look(now, 7, true) == Verdict::unknown);
    now += late;
    REQUIRE(watcher.look(now, 7, true) == Verdict::unknown);
    for (u64 i = 1; i < 5; ++i)
        REQUIRE(watcher.look(now += 20, 7, true) == Verdict::unknown);
    CHECK(watcher.look(now + 20, 7, true) == Verdict::hangs);
}

TEST_CASE("a look that is a little late counts", "[init][hang]")
{
    Watcher watcher;
    u64 now = 0;
    for (u64 i = 0; i < 5; ++i, now += 25)
        REQUIRE(watcher.look(now, 7, true) == Verdict::unknown);
    CHECK(watcher.look(now, 7, true) == Verdict::hangs);
}

TEST_CASE("looks that come early count for nothing", "[init][hang][U27]")
{
    Watcher watcher;
    for (u64 i = 0; i < 5; ++i)
        REQUIRE(watcher.look(20 * i, 7, true) == Verdict::unknown);
    for (u64 i = 1; i <= 10; ++i)
        REQUIRE(watcher.look(80 + i, 7, true) == Verdict::unknown);
    CHECK(watcher.look(91, 8, false) == Verdict::goes_on);
    CHECK(watcher.pace.due() == at(100));
    CHECK(watcher.look(100, 7, true) == Verdict::hangs);
}

TEST_CASE("however often others start, a server has its time to say Ready", "[init][hang][U27]")
{
    Pace pace{policy};
    Stillness stillness;
    u64 ms = 0;
    while (stillness.look_at_start(policy, pace.timing(at(ms))) != Verdict::hangs)
        REQUIRE(++ms <= policy.ready_ms);
    CHECK(ms == policy.ready_ms);
}

TEST_CASE("a server that is watched from an early look on gets all looks of its own",
          "[init][hang][U27]")
{
    fake::Managed world;
    world.connect();
    world.endpoint->owner.lock()->attended = false;
    Roll& roll = world.init->roll();
    Lookout lookout{roll, 1};
    CHECK(lookout.look(at(0)) == Verdict::nobody);
    roll.watch(fake::disk, 0, 1, false);
    for (u64 i = 1; i <= 10; ++i)
        CHECK(lookout.look(at(i)) == Verdict::unknown);
    for (u64 i = 1; i <= 5; ++i)
        CHECK(lookout.look(at(20 * i)) == Verdict::unknown);
    CHECK_FALSE(roll.take_guilty(fake::disk));
    CHECK(lookout.look(at(120)) == Verdict::hangs);
    CHECK(roll.take_guilty(fake::disk));
}

TEST_CASE("a machine that always stands still finds nobody guilty", "[init][hang][U27]")
{
    Watcher watcher;
    for (u64 looks = 0; looks < 10'000; ++looks)
        REQUIRE(watcher.look(looks * 30, 7, true) == Verdict::unknown);
}

TEST_CASE("a server must say Ready within so many looks in time, however late the others come",
          "[init][hang]")
{
    const u64 longer = GENERATE(0U, 40U);
    Pace pace{policy};
    Stillness stillness;
    const u64 allowed = policy.ready_ms / policy.interval_ms;
    u64 in_time = 0;
    u64 now = 0;
    for (u64 looks = 0; in_time < allowed; ++looks) {
        REQUIRE(looks <= 2 * allowed);
        const Timing timing = pace.timing(at(now));
        in_time += timing == Timing::in_time ? 1 : 0;
        REQUIRE(stillness.look_at_start(policy, timing)
                == (in_time == allowed ? Verdict::hangs : Verdict::unknown));
        now += 20 + looks % 2 * longer;
    }
}

TEST_CASE("other numbers of the table make another policy", "[init][hang]")
{
    constexpr proto::table::Hang quick{.looks = 2, .interval_ms = 3, .late_ms = 1, .ready_ms = 1};
    Pace pace{quick};
    Stillness stillness;
    CHECK(stillness.look(quick, pace.timing(at(0)), 7, true) == Verdict::unknown);
    CHECK(stillness.look(quick, pace.timing(at(3)), 7, true) == Verdict::unknown);
    CHECK(stillness.look(quick, pace.timing(at(8)), 7, true) == Verdict::unknown);  // late
    CHECK(stillness.look(quick, pace.timing(at(11)), 7, true) == Verdict::unknown);
    CHECK(stillness.look(quick, pace.timing(at(14)), 7, true) == Verdict::hangs);
}

TEST_CASE("a looker looks at the servers of its own CPU, and forgets what it knew of earlier ones",
          "[init][hang]")
{
    fake::Managed world;
    world.connect();
    world.endpoint->owner.lock()->attended = false;
    Roll& roll = world.init->roll();
    Lookout here{roll, 1};
    Lookout there{roll, 2};
    roll.watch(fake::disk, 0, 2, false);
    for (u64 i = 0; i < 5; ++i) {
        CHECK(here.look(at(20 * i)) == Verdict::nobody);
        CHECK(there.look(at(20 * i)) == Verdict::unknown);
    }
    roll.watch(fake::disk, 1, 2, false);
    for (u64 i = 5; i < 10; ++i)
        CHECK(there.look(at(20 * i)) == Verdict::unknown);
    CHECK_FALSE(roll.take_guilty(fake::disk));
    CHECK(there.look(at(200)) == Verdict::hangs);
    CHECK(roll.take_guilty(fake::disk));
    CHECK_FALSE(roll.take_guilty(fake::disk));
    roll.forget(fake::disk);
    CHECK(there.look(at(220)) == Verdict::nobody);
}
