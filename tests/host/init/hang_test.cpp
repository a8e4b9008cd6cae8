// tests/host/init/hang_test.cpp - a server that hangs is ended; a client that ends it again and
// again is shut out.
#include "managed.hpp"

#include <catch2/catch.hpp>

using namespace fake;
using init::Lookout;
using init::Verdict;

namespace {

constexpr u64 cpu = 0;  // where the fake kernel has its processes

// The disk's server works on one message, or waits for one, for so long; somebody looks.
Verdict pass_working(Managed& world, u64 ms, bool attended = false)
{
    if (!world.session.valid())
        world.connect();
    world.endpoint->owner.lock()->attended = attended;
    world.pass(1'000);
    Lookout lookout{world.init->roll(), cpu};
    Verdict verdict = Verdict::goes_on;
    for (u64 passed = 0; passed <= ms; passed += 20, world.pass(20))
        verdict = lookout.look(sys::now());
    return verdict;
}

void crash_for(Managed& world, u64 badge, abi::ExitCause cause = abi::ExitCause::fault)
{
    progress(world).badge = badge;
    world.die("disk0", cause);
    world.pass(60'001);
}

}  // namespace

TEST_CASE("a server that hangs is ended, and comes back", "[init][hang][U17]")
{
    Managed world;
    auto old = world.process("disk0");
    CHECK(pass_working(world, 80) == Verdict::unknown);
    CHECK(pass_working(world, 100) == Verdict::hangs);
    CHECK_FALSE(old->dead);
    world.init->step(init::Lookers::bit);
    REQUIRE(old->dead);
    notice_end(world, old);
    CHECK(world.logged("program=disk0 image=blkd cause=hung"));
    CHECK(world.state() == State::starting);
    CHECK(world.ask<names::Crash>(stranger, {0, 0})->hung == 1);
    old.reset();
    world.die("disk0", abi::ExitCause::killed);
    CHECK(world.ask<names::Crash>(stranger, {0, 0})->hung == 0);
}

TEST_CASE("a server that waits for messages does not hang", "[init][hang]")
{
    Managed world;
    CHECK(pass_working(world, 1'000, true) == Verdict::goes_on);
}

TEST_CASE("a server that is not ready yet may wait for its device, but not for ever",
          "[init][hang]")
{
    Managed world;
    world.die("disk0", abi::ExitCause::fault);
    auto old = world.process("disk0");
    CHECK(pass_working(world, 2'980) == Verdict::unknown);
    CHECK(pass_working(world, 3'000) == Verdict::hangs);
    world.init->step(init::Lookers::bit);
    REQUIRE(old->dead);
    notice_end(world, old);
    CHECK(world.logged("msg=\"is not ready in time\" program=disk0"));
    CHECK(world.state() == State::starting);
}

TEST_CASE("an image that is never ready is taken back", "[init][hang][U15]")
{
    Managed world;
    REQUIRE(
        world.ask<names::Update>(manager, {text::padded<16>("disk0"), text::padded<16>("vsh")}));
    notice_end(world, world.process("disk0"));
    CHECK(pass_working(world, 3'000) == Verdict::hangs);
    world.init->step(init::Lookers::bit);
    notice_end(world, world.process("disk0"));
    CHECK(world.logged("msg=\"image taken back\" program=disk0 image=vsh next=blkd"));
    CHECK(world.state() == State::starting);
}

TEST_CASE("a server that is never ready is given up", "[init][hang]")
{
    Managed world;
    world.connect();
    world.die("disk0", abi::ExitCause::fault);
    for (int i = 0; i < 9; ++i) {
        while (world.state() == State::restarting)
            world.pass(100);
        REQUIRE(pass_working(world, 3'000) == Verdict::hangs);
        world.init->step(init::Lookers::bit);
        notice_end(world, world.process("disk0"));
    }
    CHECK(world.given_up());
}

TEST_CASE("the verdict on a server is none on the next one", "[init][hang]")
{
    Managed world;
    REQUIRE(pass_working(world, 100) == Verdict::hangs);
    world.die("disk0", abi::ExitCause::fault);
    world.init->step(init::Lookers::bit);
    CHECK_FALSE(world.process("disk0")->dead);
}

TEST_CASE("a server whose table says so may hang, and one that is held", "[init][hang]")
{
    auto table = Managed::table();
    const bool may = GENERATE(true, false);
    table.programs[disk].restart.hang = may ? 0 : 1;
    Managed world{table};
    if (!may)
        REQUIRE(order<names::Hold>(world, manager, "disk0"));
    CHECK(pass_working(world, 6'000) == Verdict::goes_on);
    world.init->step(init::Lookers::bit);
    CHECK_FALSE(world.process("disk0")->dead);
}

TEST_CASE("a client whose requests end a server three times running is shut out",
          "[init][hang][U26]")
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

TEST_CASE("what a server worked for when it was killed is not blamed for the end of the next one",
          "[init][hang][hostile]")
{
    Managed world;
    for (int i = 0; i < 3; ++i) {
        progress(world).badge = 77;
        world.die("disk0", abi::ExitCause::killed);
        CHECK(progress(world).badge == 0);
        world.die("disk0", abi::ExitCause::fault);
        world.pass(60'001);
    }
    CHECK(progress(world).shut_out == std::array<u64, 4>{});
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
