// tests/host/init/names_test.cpp - the name service, asked by programs that may ask for anything.
#include "world.hpp"

#include <random>
#include <set>

#include <catch2/catch.hpp>

using fake::World;
namespace names = proto::names;

namespace {

names::Connect::Request to(std::string_view service) { return {text::padded<16>(service)}; }

}  // namespace

TEST_CASE("a connect gives an endpoint of the service with a badge of its own", "[init][names]")
{
    World world{fake::usual()};
    REQUIRE(world.start());
    std::set<u64> badges;
    for (int i = 0; i < 10; ++i) {
        const auto reply = world.ask<names::Connect>(2, to("rng0"), 1);
        REQUIRE(reply);
        CHECK(badges.insert(reply->badge).second);
        const auto endpoint = world.received.take<sys::Endpoint>(0);
        REQUIRE(endpoint);
        CHECK(world.kernel.at(endpoint->slot())->badge == reply->badge);
    }
}

TEST_CASE("a badge says what the table lets its program do", "[init][names]")
{
    using proto::table::Access;
    const auto access = GENERATE(Access::usual, Access::read_only, Access::admin, Access::raw);
    auto table = fake::usual();
    table.programs[2].access[0] = access;
    World world{table};
    REQUIRE(world.start());
    const auto reply = world.ask<names::Connect>(2, to("rng0"), 1);
    REQUIRE(reply);
    CHECK(names::ConnectBadge::access(reply->badge) == access);
    CHECK(names::ConnectBadge::Program::get(reply->badge) == 2);
}

TEST_CASE("the program that connects pays for its badge, and nobody else", "[init][names]")
{
    World world{fake::usual()};
    REQUIRE(world.start());
    for (u64 i = 1; i <= 3; ++i) {
        REQUIRE(world.ask<names::Connect>(2, to("rng0"), 1));
        CHECK(world.process("early")->badges_paid == i);
        CHECK(world.process("rng0")->badges_paid == 0);
    }
    CHECK(!world.ask<names::Connect>(2, to("disk0"), 1));
    CHECK(world.process("early")->badges_paid == 3);
}

TEST_CASE("a program connects only to what its table uses", "[init][names][hostile]")
{
    World world{fake::usual()};
    REQUIRE(world.start());
    const usize handles = world.kernel.handles();
    CHECK(world.ask<names::Connect>(2, to("disk0"), 1).error() == Errc::denied);
    CHECK(world.ask<names::Connect>(0, to("rng0"), 1).error()
          == Errc::denied);  // not even to itself
    CHECK(world.ask<names::Connect>(2, to("nic0"), 1).error() == Errc::not_found);
    CHECK(world.ask<names::Connect>(2, to("demo"), 1).error() == Errc::not_found);
    CHECK(world.ask<names::Connect>(2, to(""), 1).error() == Errc::not_found);
    names::Connect::Request endless;
    endless.service.fill('d');
    CHECK(world.ask<names::Connect>(2, endless, 1).error() == Errc::not_found);
    CHECK(world.ask<names::Connect>(2, to("rng0"), 0).error()
          == Errc::bad_argument);  // no room for the handle
    CHECK(world.ask<names::Connect>(31, to("rng0"), 1).error() == Errc::denied);  // nobody's badge
    CHECK(world.kernel.handles() == handles);
}

TEST_CASE("processes are listed with state and use", "[init][names]")
{
    World world{fake::usual()};
    REQUIRE(world.start());
    world.process("disk0")->info.frames_used = 42;
    const auto disk = world.ask<names::Process>(2, {1, 0});
    REQUIRE(disk);
    CHECK(text::of(disk->name) == "disk0");
    CHECK(text::of(disk->binary) == "blkd");
    CHECK(disk->state == names::State::starting);
    CHECK(disk->frames_used == 42);
    CHECK(disk->frames_limit == 100);
    CHECK(world.ask<names::Process>(2, {3, 0})->state == names::State::waiting);

    world.die("early", abi::ExitCause::exited, 9);
    const auto dead = world.ask<names::Process>(2, {2, 0});
    CHECK(dead->state == names::State::exited);
    CHECK(dead->exit_code == 9);
    CHECK(dead->frames_used == 0);

    CHECK(world.ask<names::Process>(2, {4, 0}).error() == Errc::out_of_range);
    CHECK(world.ask<names::Process>(2, {~u32{0}, 0}).error() == Errc::out_of_range);
    CHECK(world.ask<names::Process>(2, {0, 1}).error() == Errc::bad_argument);
}

TEST_CASE("devices are listed as they are, not as the table wishes", "[init][names]")
{
    auto table = fake::usual();
    table.device("nic0", 1, 9);
    World world{table};
    REQUIRE(world.start());
    const auto disk = world.ask<names::Device>(2, {0, 0});
    REQUIRE(disk);
    CHECK(text::of(disk->owner) == "disk0");
    CHECK(disk->present == 1);
    CHECK(disk->exclusive == 1);
    CHECK(disk->version == 2);
    CHECK(disk->vendor == 0x554d4551);
    CHECK(disk->pinned_pages == 3);
    CHECK(disk->quarantined_pages == 4);
    CHECK(world.ask<names::Device>(2, {1, 0})->exclusive == 0);
    const auto missing = world.ask<names::Device>(2, {2, 0});
    CHECK(missing->present == 0);
    CHECK(text::of(missing->owner).empty());
    CHECK(world.ask<names::Device>(2, {3, 0}).error() == Errc::out_of_range);
    CHECK(world.ask<names::Device>(2, {0, 7}).error() == Errc::bad_argument);
}

TEST_CASE("any message to init is answered, and nothing is lost by it", "[init][names][fuzz]")
{
    World world{fake::usual()};
    REQUIRE(world.start());
    const usize handles = world.kernel.handles();
    std::mt19937_64 random{GENERATE(1U, 2U, 3U)};
    for (int round = 0; round < 5'000; ++round) {
        sys::Incoming in{{random()}, {}, random() % 8, {random()}};
        if (random() % 4 != 0)
            in.header = abi::Header::make(static_cast<u16>(random() % 6), random() % 3 * 8, 0,
                                          random() % 2);
        in.header.raw &=
            ~abi::Header::Handles::mask;  // init accepts none, so the kernel delivers none
        for (u64& word : in.words)
            word = random() % 3 == 0 ? random() : random() % 5;
        {
            const auto out = sys::dispatch(names::Protocol{}, *world.init, in);
            REQUIRE((out.letter.header.status() == Errc::ok || out.letter.header.size() == 0));
        }
        REQUIRE(world.kernel.handles() - handles <= 1);  // demo may have been started: its process
    }
}
