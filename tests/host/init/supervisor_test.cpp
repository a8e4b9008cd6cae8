// tests/host/init/supervisor_test.cpp - what init starts, with what, and what it does when
// something ends.
#include "world.hpp"

#include <catch2/catch.hpp>

using fake::World;
using init::State;
namespace names = proto::names;
namespace right = abi::right;

namespace {

abi::Startup startup_of(const fake::Object& process)
{
    abi::Startup startup{};
    for (const auto& placed : process.placed)
        if (placed.address == sys::startup_address.raw())
            std::memcpy(&startup, placed.memory->bytes.data(), sizeof(startup));
    return startup;
}

std::vector<std::string> grant_names(const fake::Object& process)
{
    const abi::Startup startup = startup_of(process);
    std::vector<std::string> result;
    for (u32 i = 0; i < startup.grant_count; ++i)
        result.emplace_back(text::of(startup.grants[i].name));
    return result;
}

}  // namespace

TEST_CASE("empty slots are given up, others are kept", "[init][slots]")
{
    World world{fake::usual()};
    const usize before = world.kernel.handles();
    world.slots.enumerate(world.boot);
    CHECK(before - world.kernel.handles() == 29);
    CHECK(world.slots.found(0).virtio_id == 2);
    CHECK(world.slots.found(25).virtio_id == 1);
    CHECK(world.slots.found(1).virtio_id == 0);
    CHECK(world.slots.found(99).virtio_id == 0);
    CHECK(world.slots.exclusive(0));
    CHECK_FALSE(world.slots.exclusive(24));  // slot 25 is in the same page
}

TEST_CASE("what is no virtio device, or one of an unknown version, is an empty slot",
          "[init][slots][hostile][LD30]")
{
    World world{fake::usual()};
    world.kernel.at(world.boot.devices[0])->registers[0x000] = 0xffff'ffff;
    world.kernel.at(world.boot.devices[24])->registers[0x004] = 3;
    world.slots.enumerate(world.boot);
    CHECK(world.slots.found(0).virtio_id == 0);
    CHECK(world.slots.found(24).virtio_id == 0);
}

TEST_CASE("each program gets exactly what the table says", "[init]")
{
    World world{fake::usual()};
    REQUIRE(world.start());
    const auto disk = world.process("disk0");
    REQUIRE(disk);
    CHECK(grant_names(*disk) == std::vector<std::string>{"names", "serve", "device"});
    CHECK(disk->quota.frames == 100);
    CHECK(disk->quota.max_priority == 20);
    CHECK(disk->threads.size() == 1);
    CHECK(disk->table.size() == 3);
    CHECK(world.kernel.at(world.boot.devices[0])->owner.lock() == disk);

    const auto early = world.process("early");
    REQUIRE(early);
    CHECK(grant_names(*early) == std::vector<std::string>{"names"});
    CHECK(world.process("demo") == nullptr);  // it waits for the servers
}

TEST_CASE("flags of the table add the process itself and the archive", "[init]")
{
    auto table = fake::usual();
    table.programs[2].flags =
        proto::table::ProgramFlags::self | proto::table::ProgramFlags::archive;
    World world{table};
    REQUIRE(world.start());
    CHECK(grant_names(*world.process("early"))
          == std::vector<std::string>{"names", "self", "archive"});
}

TEST_CASE("the serial line is lent without memory, and there is nothing to reset", "[init]")
{
    namespace table = proto::table;
    auto system = fake::TableBuilder{};
    system.device("con0", table::pl011_id, table::serial_slot).server("con0", "netd", 0);
    World world{system};
    REQUIRE(world.start());
    const auto server = world.process("con0");
    REQUIRE(server);
    CHECK(grant_names(*server) == std::vector<std::string>{"names", "serve", "device"});
    const auto line = world.kernel.at(world.boot.serial);
    CHECK(line->owner.lock() == server);
    CHECK(line->lent == abi::right::map);
    world.die("con0", abi::ExitCause::killed);
    CHECK(line->quiesced == 0);
    CHECK(world.init->registry()[0].epoch == 1);
    CHECK(world.logged("restarted"));
}

TEST_CASE("only who may start children may let them ask in its name", "[init]")
{
    const auto names_rights = [](u32 flags) {
        auto table = fake::usual();
        table.programs[2].flags = flags;
        World world{table};
        REQUIRE(world.start());
        const auto early = world.process("early");
        REQUIRE(early);
        return early->granted.front();
    };
    using table = proto::table::ProgramFlags;
    namespace right = abi::right;
    CHECK(names_rights(0) == right::call);
    CHECK(names_rights(table::self) == right::call);
    CHECK(names_rights(table::self | table::archive)
          == (right::call | right::duplicate | right::transfer));
}

TEST_CASE("apps that wait start when the last server is ready", "[init]")
{
    World world{fake::usual()};
    REQUIRE(world.start());
    CHECK(world.ask<names::Ready>(0, {}));
    CHECK_FALSE(world.logged("servers ready"));
    CHECK(world.ask<names::Ready>(0, {}).error() == Errc::exists);
    CHECK(world.ask<names::Ready>(2, {}).error() == Errc::denied);  // an app
    CHECK(world.ask<names::Ready>(1, {}));
    CHECK(world.logged("level=info msg=\"servers ready\" count=2"));
    REQUIRE(world.process("demo"));
    CHECK(startup_of(*world.process("demo")).argument_count == 1);
}

TEST_CASE("a system without servers starts its apps at once", "[init]")
{
    fake::TableBuilder table;
    table.app("demo", proto::table::ProgramFlags::after_servers);
    World world{table};
    REQUIRE(world.start());
    CHECK(world.process("demo"));
    CHECK(world.logged("count=0"));
}

TEST_CASE("a missing device fails its server alone", "[init]")
{
    auto table = fake::usual();
    SECTION("nothing in the slot") { table.devices[0].slot = 3; }
    SECTION("another device in the slot") { table.devices[0].slot = 25; }
    SECTION("a slot that the machine does not have") { table.devices[0].slot = 31; }
    World world{table};
    world.boot.device_count = 26;
    REQUIRE(world.start());
    CHECK(world.init->registry()[1].state == State::failed);
    CHECK(world.process("disk0") == nullptr);
    CHECK(world.logged("program=disk0"));
    CHECK(world.ask<names::Ready>(0, {}));
    CHECK(world.logged("level=warn msg=\"servers ready\" count=1 failed=1"));
    CHECK(world.process("demo"));
    // Connecting works, and the kernel tells the caller that nobody will answer.
    REQUIRE(world.ask<names::Connect>(3, {text::padded<16>("disk0")}, 1));
    const auto endpoint = world.received.take<sys::Endpoint>(0);
    REQUIRE(endpoint);
    CHECK(world.kernel.at(endpoint->slot())->owner.lock()->given_up);
}

TEST_CASE("a missing image fails its program alone", "[init]")
{
    auto table = fake::usual();
    table.programs[1].binary = text::padded<16>("nosuch");
    World world{table};
    REQUIRE(world.start());
    CHECK(world.init->registry()[1].state == State::failed);
    CHECK(world.logged("error=not_found"));
    CHECK(world.process("rng0"));
}

TEST_CASE("whichever call fails while starting, init goes on and leaks nothing", "[init]")
{
    for (u64 nth = 0;; ++nth) {
        INFO("call " << nth);
        World world{fake::usual()};
        world.slots.enumerate(world.boot);
        const usize before = world.kernel.handles();
        world.kernel.refuse(nth);
        world.init.emplace(init::Supervisor::Given{{world.boot.self},
                                                   {world.boot.archive},
                                                   *world.archive,
                                                   world.plan,
                                                   world.slots,
                                                   {world.names},
                                                   {world.notification}});
        const auto started = world.init->start_all();
        if (!world.kernel.refused()) {
            REQUIRE(nth > 30);
            break;
        }
        if (!started)
            CHECK(nth < 10);  // only endpoints, and what goes with them, are worth giving up for
        world.init.reset();
        CHECK(world.kernel.handles() == before);
        CHECK(world.kernel.mappings() == 0);
    }
}

TEST_CASE("a server that dies is logged, its device reset, a new one started on its endpoint",
          "[init][death]")
{
    World world{fake::usual()};
    REQUIRE(world.start());
    const auto device = world.kernel.at(world.boot.devices[0]);
    device->registers[0x070] = 15;
    REQUIRE(world.ask<names::Connect>(3, {text::padded<16>("disk0")}, 1));
    const auto endpoint = world.received.take<sys::Endpoint>(0);
    const usize handles = world.kernel.handles();

    world.die("disk0", abi::ExitCause::fault);
    CHECK(world.init->registry()[1].state == State::starting);
    CHECK(world.logged("msg=\"exit record\" program=disk0 image=blkd cause=fault"));
    CHECK(world.logged("msg=\"restarted\" program=disk0 epoch=1"));
    CHECK_FALSE(world.kernel.at(endpoint->slot())->owner.lock()->given_up);
    CHECK(device->registers[0x070] == 0);
    CHECK(device->quiesced == 1);
    CHECK(world.process("disk0")->quota.epoch == 1);
    CHECK(world.kernel.handles() == handles);
    CHECK(world.kernel.verdicts.empty());
    CHECK(world.init->registry()[0].state == State::starting);  // the others go on
}

TEST_CASE("a device that does not reset keeps its memory in quarantine", "[init][death][hostile]")
{
    World world{fake::usual()};
    REQUIRE(world.start());
    const auto device = world.kernel.at(world.boot.devices[0]);
    device->registers[0x070] = 15;
    device->stuck = true;
    world.die("disk0", abi::ExitCause::killed);
    CHECK(device->quiesced == 0);
    CHECK(world.logged("stays quarantined"));
}

TEST_CASE("a server that dies before it is ready does not hold the others up", "[init][death]")
{
    World world{fake::usual()};
    REQUIRE(world.start());
    REQUIRE(world.ask<names::Ready>(0, {}));
    world.die("disk0", abi::ExitCause::exited, 5);
    CHECK(world.logged("count=1 failed=1"));
    CHECK(world.process("demo"));
    CHECK(world.ask<names::Ready>(1, {}));
}

TEST_CASE("the program of the verdict ends the run with its code", "[init][death]")
{
    World world{fake::usual()};
    REQUIRE(world.start());
    REQUIRE(world.ask<names::Ready>(0, {}));
    REQUIRE(world.ask<names::Ready>(1, {}));
    u64 expected = 0;
    SECTION("success")
    {
        world.die("demo", abi::ExitCause::exited, 0);
        CHECK(world.logged("level=info msg=\"exited\" program=demo code=0"));
    }
    SECTION("failure")
    {
        world.die("demo", abi::ExitCause::exited, 3);
        expected = 3;
    }
    SECTION("a failure that has more bits than an exit status")
    {
        world.die("demo", abi::ExitCause::exited, GENERATE(u64{0x100}, u64{0x103}, u64{1} << 63));
        expected = 255;
    }
    SECTION("fault")
    {
        world.die("demo", abi::ExitCause::fault, 0);
        expected = 255;
    }
    SECTION("killed")
    {
        world.die("demo", abi::ExitCause::killed, 0);
        expected = 255;
    }
    CHECK(world.kernel.verdicts == std::vector<u64>{expected});
}

TEST_CASE("of several programs of the verdict the first that fails ends the run, or the last one",
          "[init][death]")
{
    fake::TableBuilder table;
    table.app("demo", proto::table::ProgramFlags::verdict);
    table.app("early", 0);
    table.app("vsh", proto::table::ProgramFlags::verdict);
    World world{table};
    REQUIRE(world.start());
    world.die("early", abi::ExitCause::exited, 9);
    CHECK(world.kernel.verdicts.empty());
    SECTION("the first one fails")
    {
        world.die("demo", abi::ExitCause::exited, 5);
        CHECK(world.kernel.verdicts == std::vector<u64>{5});
    }
    SECTION("both succeed, in any order")
    {
        const bool turned = GENERATE(false, true);
        world.die(turned ? "vsh" : "demo", abi::ExitCause::exited, 0);
        CHECK(world.kernel.verdicts.empty());
        world.die(turned ? "demo" : "vsh", abi::ExitCause::exited, 0);
        CHECK(world.kernel.verdicts == std::vector<u64>{0});
    }
    SECTION("the second one crashes")
    {
        world.die("demo", abi::ExitCause::exited, 0);
        world.die("vsh", abi::ExitCause::fault, 0);
        CHECK(world.kernel.verdicts == std::vector<u64>{255});
    }
}

TEST_CASE("a program of the verdict that cannot start is a verdict too", "[init]")
{
    fake::TableBuilder table;
    table.app("nosuch", proto::table::ProgramFlags::verdict);
    World world{table};
    REQUIRE(world.start());
    CHECK(world.kernel.verdicts == std::vector<u64>{255});
}

TEST_CASE("bits without a death behind them change nothing", "[init][death][hostile]")
{
    World world{fake::usual()};
    REQUIRE(world.start());
    const usize lines = world.kernel.log.size();
    world.init->step({~u64{0}});
    CHECK(world.kernel.log.size() == lines);
    CHECK(world.init->registry()[0].state == State::starting);
}
