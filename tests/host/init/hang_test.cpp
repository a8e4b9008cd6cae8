// tests/host/init/hang_test.cpp - a server that hangs is ended; a client that ends it again and
// again is shut out.
#include "fake_looker.hpp"
#include "managed.hpp"

#include <catch2/catch.hpp>

using namespace fake;
using init::Verdict;

namespace {

// Its server is at work, and a call's deadline passed.
void late_call(Managed& world, Verdict verdict, bool attended = false)
{
    looking = {0, verdict};
    world.connect();
    world.endpoint->owner.lock()->attended = attended;
    world.init->step(init::endpoint_bit);
}

void crash_for(Managed& world, u64 badge, abi::ExitCause cause = abi::ExitCause::fault)
{
    progress(world).badge = badge;
    world.die("disk0", cause);
    world.pass(60'001);
}

}  // namespace

TEST_CASE("a server that hangs is ended, and comes back", "[init][hang]")
{
    Managed world;
    auto old = world.process("disk0");
    late_call(world, Verdict::hangs);
    CHECK(looking.begun == 1);
    CHECK_FALSE(old->dead);
    world.init->step(init::Looker::bit);
    REQUIRE(old->dead);
    notice_end(world, old);
    CHECK(world.logged("program=disk0 image=blkd cause=hung"));
    CHECK(world.state() == State::starting);
    CHECK(world.ask<names::Crash>(stranger, {0, 0})->hung == 1);
    old.reset();
    world.die("disk0", abi::ExitCause::killed);
    CHECK(world.ask<names::Crash>(stranger, {0, 0})->hung == 0);
}

TEST_CASE("a server that goes on stays, and is looked at again", "[init][hang]")
{
    Managed world;
    late_call(world, Verdict::goes_on);
    CHECK(looking.begun == 1);
    world.init->step(init::endpoint_bit);
    CHECK(looking.begun == 1);  // one look at a time
    world.init->step(init::Looker::bit);
    CHECK_FALSE(world.process("disk0")->dead);
    CHECK(looking.begun == 2);
}

TEST_CASE("a server that waits for messages is not looked at", "[init][hang]")
{
    Managed world;
    late_call(world, Verdict::hangs, true);
    CHECK(looking.begun == 0);
}

TEST_CASE("a server that is not ready yet may wait for its device", "[init][hang]")
{
    Managed world;
    world.die("disk0", abi::ExitCause::fault);
    late_call(world, Verdict::hangs);
    CHECK(looking.begun == 0);
}

TEST_CASE("the verdict on a server is none on the next one", "[init][hang]")
{
    Managed world;
    late_call(world, Verdict::hangs);
    world.die("disk0", abi::ExitCause::fault);
    world.init->step(init::Looker::bit);
    CHECK_FALSE(world.process("disk0")->dead);
}

TEST_CASE("a server whose table says so may hang", "[init][hang]")
{
    auto table = Managed::table();
    table.programs[disk].restart.hang = 0;
    Managed world{table};
    late_call(world, Verdict::hangs);
    CHECK(looking.begun == 0);
}

TEST_CASE("a client whose requests end a server three times running is shut out", "[init][hang]")
{
    Managed world;
    const u64 badge = names::ConnectBadge::make(manager, 9);
    crash_for(world, badge);
    crash_for(world, badge + 1);
    crash_for(world, badge);
    crash_for(world, badge, abi::ExitCause::exited);
    CHECK(progress(world).shut_out[0] == 0);
    crash_for(world, badge);
    CHECK(progress(world).shut_out[0] == badge);
    CHECK(world.logged("msg=\"client shut out\" program=disk0 client=demo"));
    for (u64 i = 0; i < 4; ++i) {
        CHECK(progress(world).shut_out[(i + 1) % 4] == (i == 3 ? badge : 0));
        for (int times = 0; times < 3; ++times)
            crash_for(world, badge + 2 + i);
    }
    CHECK(progress(world).shut_out[0] == badge + 5);  // the first one is forgotten
}

TEST_CASE("a program that has a badge shut out gets no new one, until somebody restarts the server",
          "[init][hang][hostile]")
{
    Managed world;
    const auto connect = [&](u32 who) {
        return world.ask<names::Connect>(who, {text::padded<16>("disk0")}, 1);
    };
    REQUIRE(connect(manager));
    for (int times = 0; times < 3; ++times)
        crash_for(world, names::ConnectBadge::make(manager, 9));
    CHECK(connect(manager).error() == Errc::denied);
    REQUIRE(order<names::Restart>(world, manager, "disk0"));
    notice_end(world, world.process("disk0"));
    CHECK(connect(manager));
    for (int times = 0; times < 3; ++times)
        crash_for(world, names::ConnectBadge::make(stranger, 9));
    CHECK(connect(manager));  // it was another one
}

TEST_CASE("nobody is shut out for a server that was killed, or worked for nobody", "[init][hang]")
{
    Managed world;
    for (int i = 0; i < 5; ++i)
        crash_for(world, 77, abi::ExitCause::killed);
    for (int i = 0; i < 5; ++i)
        crash_for(world, 0);
    CHECK(progress(world).shut_out == std::array<u64, 4>{});
}

TEST_CASE("shutting out ends a crash loop", "[init][hang]")
{
    Managed world;
    for (int i = 0; i < 3; ++i) {
        progress(world).badge = 77;
        world.die("disk0", abi::ExitCause::fault);
    }
    for (int i = 0; i < 2; ++i) {
        world.die("disk0", abi::ExitCause::fault);
        CHECK(world.state() == State::starting);
    }
}
