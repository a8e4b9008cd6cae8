// tests/host/init/update_test.cpp - another image for a server while it works.
#include "managed.hpp"

#include <catch2/catch.hpp>

using namespace fake;

namespace {

// Managed, in which the disk's server can leave.
struct Leaver : Managed {
    Leaver()
    {
        kernel.other = [this](abi::Syscall call, sys::Registers& r) {
            rings += call == abi::Syscall::signal ? 1 : 0;
            r.x[0] = 0;
        };
        die("disk0", abi::ExitCause::fault);
        REQUIRE(say_ready() == Errc::ok);
        forget_crashes = crashes();
    }

    // The disk's, with a doorbell.
    Errc say_ready(u32 leaves = 1, abi::Kind carried = abi::Kind::notification)
    {
        const names::Ready::Request request{{}, leaves, 0};
        sys::Incoming in{
            abi::Header::make(names::Ready::ordinal, wire_bytes<names::Ready::Request>, 1, 0),
            {},
            init::badge_of(disk, init->registry()[disk].epoch),
            {}};
        sys::message_page().handles[0] = kernel.give(carried);
        sys::put_payload(in.words, request);
        return sys::dispatch(names::Protocol{}, *init, in).letter.header.status();
    }

    Result<names::Update::Reply> update(std::string_view image, u32 who = manager)
    {
        return ask<names::Update>(who, {text::padded<16>("disk0"), text::padded<16>(image)});
    }
    std::string_view image()
    {
        about = ask<names::Process>(stranger, {disk, 0}).value();
        return text::of(about.binary);
    }
    u32 crashes()
    {
        u32 count = 0;
        while (ask<names::Crash>(stranger, {count, 0}))
            ++count;
        return count;
    }

    u32 rings = 0;
    u32 forget_crashes = 0;
    names::Process::Reply about{};
};

}  // namespace

TEST_CASE("a server that leaves makes room for the next image, and that is no crash",
          "[init][update][U15]")
{
    Leaver world;
    const usize handles = world.kernel.handles();
    REQUIRE(world.update("netd"));
    CHECK(world.rings == 1);
    CHECK(world.state() == State::leaving);
    CHECK(world.image() == "blkd");
    CHECK_FALSE(world.process("disk0")->dead);
    CHECK(world.update("netd").error() == Errc::busy);

    world.die("disk0", abi::ExitCause::exited);
    CHECK(world.state() == State::starting);
    CHECK(world.image() == "netd");
    CHECK(world.crashes() == world.forget_crashes);
    CHECK(world.say_ready() == Errc::ok);
    CHECK(world.kernel.handles() == handles);

    world.die("disk0", abi::ExitCause::fault);
    CHECK(world.state() == State::starting);
    CHECK(world.image() == "netd");
}

TEST_CASE("a server that does not leave in time is killed", "[init][update][hostile]")
{
    Leaver world;
    REQUIRE(world.update("blkd"));
    const auto old = world.process("disk0");
    const u64 drain = world.plan.programs()[disk].restart.drain_ms;
    CHECK(world.init->next_deadline() == sys::later(sys::now(), sys::milliseconds(drain)));
    world.pass(drain - 1);
    CHECK_FALSE(old->dead);
    world.pass(1);
    CHECK(old->dead);
    CHECK(world.init->next_deadline() == abi::never);
    notice_end(world, old);
    CHECK(world.state() == State::starting);
    CHECK(world.crashes() == world.forget_crashes);
}

TEST_CASE("an image that ends before it is ready is taken back", "[init][update][hostile][U15]")
{
    Leaver world;
    REQUIRE(world.update("early"));
    world.die("disk0", abi::ExitCause::exited);
    CHECK(world.image() == "early");
    world.die("disk0", abi::ExitCause::fault);
    CHECK(world.logged("image taken back"));
    CHECK(world.state() == State::starting);
    CHECK(world.image() == "blkd");
    world.die("disk0", abi::ExitCause::fault);  // the good one may crash
    CHECK(world.image() == "blkd");
}

TEST_CASE("an image that cannot be started is taken back", "[init][update][hostile]")
{
    Leaver world;
    REQUIRE(world.update("netd"));
    world.kernel.refuse(20, Errc::over_quota);
    world.die("disk0", abi::ExitCause::exited);
    REQUIRE(world.kernel.refused());
    CHECK(world.logged("not restarted"));
    CHECK(world.logged("image taken back"));
    world.pass(60'000);
    CHECK(world.state() == State::starting);
    CHECK(world.image() == "blkd");
}

TEST_CASE("an image that somebody replaces before it is ready stays chosen", "[init][update]")
{
    Leaver world;
    REQUIRE(world.update("netd"));
    world.die("disk0", abi::ExitCause::exited);
    REQUIRE(order<names::Restart>(world, manager, "disk0"));
    notice_end(world, world.process("disk0"));
    CHECK(world.image() == "netd");
}

TEST_CASE("a server that cannot leave, or is not ready, is killed at once", "[init][update]")
{
    Leaver world;
    world.die("disk0", abi::ExitCause::fault);
    const auto starting = world.process("disk0");
    REQUIRE(world.update("netd"));
    CHECK(starting->dead);
    notice_end(world, starting);
    CHECK(world.image() == "netd");
    REQUIRE(world.ask<names::Ready>(disk, {}));
    const auto silent = world.process("disk0");
    REQUIRE(world.update("blkd"));
    CHECK(silent->dead);
    CHECK(world.rings == 0);
}

TEST_CASE("a server that does not run has its next instance made of the new image",
          "[init][update]")
{
    Leaver world;
    REQUIRE(order<names::Hold>(world, manager, "disk0"));
    world.die("disk0", abi::ExitCause::fault);
    REQUIRE(world.state() == State::held);
    REQUIRE(world.update("netd"));
    CHECK(world.state() == State::held);
    REQUIRE(order<names::Restart>(world, manager, "disk0"));
    world.pass(0);
    CHECK(world.state() == State::starting);
    CHECK(world.image() == "netd");
}

TEST_CASE("what cannot be updated says why, and changes nothing", "[init][update][hostile]")
{
    Leaver world;
    CHECK(world.update("netd", stranger).error() == Errc::denied);
    CHECK(world.update("nosuch").error() == Errc::not_found);
    CHECK(world.update("").error() == Errc::not_found);
    const auto no_server =
        world.ask<names::Update>(manager, {text::padded<16>("demo"), text::padded<16>("blkd")});
    CHECK(no_server.error() == Errc::not_found);
    CHECK(world.state() == State::ready);
    CHECK(world.rings == 0);
    world.die("disk0", abi::ExitCause::fault);
    CHECK(world.say_ready(2) == Errc::bad_argument);
    CHECK(world.say_ready(1, abi::Kind::memory) == Errc::wrong_kind);
    CHECK(world.state() == State::starting);
    CHECK(world.image() == "blkd");
}
