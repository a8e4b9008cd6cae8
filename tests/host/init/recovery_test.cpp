// tests/host/init/recovery_test.cpp - servers that end again and again, and what managers may ask
// for.
#include "managed.hpp"

#include <catch2/catch.hpp>

using namespace fake;

TEST_CASE("a server that crashes again and again waits longer each time, and is given up",
          "[init][death]")
{
    Managed world;
    world.connect();
    const usize handles = world.kernel.handles();
    for (u32 i = 0; i < 3; ++i) {
        world.die("disk0", abi::ExitCause::fault);
        REQUIRE(world.state() == State::starting);
    }
    u64 wait = 100;
    for (u32 i = 0; i < 6; ++i) {
        world.die("disk0", abi::ExitCause::fault);
        CHECK(world.state() == State::restarting);
        CHECK(world.init->next_deadline()
              == sys::later(sys::now(), sys::milliseconds(std::min<u64>(wait, 5'000))));
        world.pass(std::min<u64>(wait, 5'000) - 1);
        REQUIRE(world.state() == State::restarting);
        CHECK(world.process("disk0") == nullptr);
        world.pass(1);
        REQUIRE(world.state() == State::starting);
        wait *= 2;
    }
    CHECK(world.init->next_deadline() == abi::never);
    CHECK(world.process("disk0")->quota.epoch == 9);
    CHECK(world.kernel.handles() == handles);
    CHECK_FALSE(world.given_up());
    world.die("disk0", abi::ExitCause::fault);
    CHECK(world.state() == State::gave_up);
    CHECK(world.given_up());
    world.pass(1'000'000);
    CHECK(world.state() == State::gave_up);
    CHECK(world.kernel.at(world.boot.devices[0])->quiesced == 10);
}

TEST_CASE("a device that does not reset ends its service, until it does",
          "[init][death][hostile][U1]")
{
    Managed world;
    world.connect();
    const auto device = world.kernel.at(world.boot.devices[0]);
    device->registers[0x070] = 15;
    device->stuck = true;
    world.die("disk0", abi::ExitCause::fault);
    CHECK(world.state() == State::failed);
    CHECK(world.given_up());
    CHECK(device->quiesced == 0);
    CHECK(order<names::Restart>(world, manager, "disk0").error() == Errc::timed_out);
    CHECK(world.state() == State::failed);

    device->stuck = false;
    CHECK(order<names::Restart>(world, manager, "disk0"));
    world.pass(0);
    CHECK(world.state() == State::starting);
    CHECK(device->quiesced == 1);
}

TEST_CASE("whoever may manage kills a server, and it comes back", "[init][names]")
{
    Managed world;
    const auto old = world.process("disk0");
    CHECK(order<names::Kill>(world, manager, "disk0"));
    notice_end(world, old);
    CHECK(world.state() == State::starting);
    const auto crash = world.ask<names::Crash>(stranger, {0, 0});
    REQUIRE(crash);
    CHECK(text::of(crash->name) == "disk0");
    CHECK(crash->epoch == 0);
    CHECK(crash->cause == static_cast<u32>(abi::ExitCause::killed));
    CHECK(crash->next == State::restarting);
    CHECK(world.ask<names::Crash>(stranger, {1, 0}).error() == Errc::out_of_range);
    CHECK(world.ask<names::Crash>(stranger, {0, 1}).error() == Errc::bad_argument);
}

TEST_CASE("who may not manage kills nobody", "[init][names][hostile]")
{
    Managed world;
    for (const u32 who : {0U, disk, stranger, 17U}) {
        CHECK(order<names::Kill>(world, who, "disk0").error() == Errc::denied);
        CHECK(order<names::Restart>(world, who, "disk0").error() == Errc::denied);
        CHECK(order<names::Hold>(world, who, "disk0").error() == Errc::denied);
    }
    CHECK_FALSE(world.process("disk0")->dead);
    for (const auto name : {"nosuch", "", "demo"}) {
        CHECK(order<names::Restart>(world, manager, name).error() == Errc::not_found);
        CHECK(order<names::Hold>(world, manager, name).error() == Errc::not_found);
    }
    CHECK(order<names::Kill>(world, manager, "nosuch").error() == Errc::not_found);
    CHECK_FALSE(world.process("demo")->dead);
}

TEST_CASE("an app that is killed stays dead", "[init][names]")
{
    Managed world;
    const auto early = world.process("early");
    CHECK(order<names::Kill>(world, manager, "early"));
    notice_end(world, early);
    CHECK(world.init->registry()[stranger].state == State::failed);
    CHECK(order<names::Kill>(world, manager, "early").error() == Errc::not_found);
}

TEST_CASE("a restart that was asked for is no crash, and ends a crash loop", "[init][names]")
{
    Managed world;
    for (u32 i = 0; i < 30; ++i) {
        const auto old = world.process("disk0");
        CHECK(order<names::Restart>(world, manager, "disk0"));
        notice_end(world, old);
        REQUIRE(world.state() == State::starting);
    }
    for (u32 i = 0; i < 4; ++i)
        world.die("disk0", abi::ExitCause::fault);
    CHECK(world.state() == State::restarting);
    CHECK(order<names::Restart>(world, manager, "disk0"));
    CHECK(world.init->next_deadline() == abi::now);
    world.pass(0);
    CHECK(world.state() == State::starting);
    world.die("disk0", abi::ExitCause::fault);
    CHECK(world.state() == State::starting);
}

TEST_CASE("a server that is held keeps its callers waiting until it is asked to restart",
          "[init][names]")
{
    Managed world;
    world.connect();
    CHECK(order<names::Hold>(world, manager, "disk0"));
    CHECK(world.state() == State::ready);
    world.die("disk0", abi::ExitCause::fault);
    CHECK(world.state() == State::held);
    CHECK_FALSE(world.given_up());
    world.pass(1'000'000);
    CHECK(world.state() == State::held);
    CHECK(world.ask<names::Crash>(stranger, {0, 0})->next == State::held);
    CHECK(order<names::Restart>(world, manager, "disk0"));
    world.pass(0);
    CHECK(world.state() == State::starting);
    world.die("disk0", abi::ExitCause::fault);  // it is not held any more
    CHECK(world.state() == State::starting);
}

TEST_CASE("one that waits for its restart can be held", "[init][names]")
{
    Managed world;
    for (u32 i = 0; i < 4; ++i)
        world.die("disk0", abi::ExitCause::fault);
    CHECK(order<names::Hold>(world, manager, "disk0"));
    world.pass(1'000'000);
    CHECK(world.state() == State::held);
}

TEST_CASE("whichever call fails while restarting, init goes on and leaks nothing", "[init][death]")
{
    for (u64 nth = 0;; ++nth) {
        INFO("call " << nth);
        Managed world;
        const usize handles = world.kernel.handles();
        const auto victim = world.process("disk0");
        victim->dead = true;
        victim->info.exit.cause = abi::ExitCause::fault;
        world.kernel.refuse(nth);
        world.init->step(victim->watched);
        world.pass(0);
        if (!world.kernel.refused()) {
            REQUIRE(nth > 20);
            break;
        }
        if (victim.use_count() > 1)
            world.init->step(victim->watched);  // the end itself could not be read
        const bool back = world.state() == State::starting;
        CHECK((back || world.state() == State::failed));
        CHECK(world.kernel.handles() == (back ? handles : handles - 1));
    }
}

TEST_CASE("of very many ends the last ones are told", "[init][names]")
{
    Managed world;
    for (u32 i = 0; i < 200; ++i) {
        world.die("disk0", abi::ExitCause::exited, i);
        world.pass(60'001);
    }
    CHECK(world.ask<names::Crash>(stranger, {0, 0})->code == 199);
    CHECK(world.ask<names::Crash>(stranger, {63, 0})->code == 136);
    CHECK(world.ask<names::Crash>(stranger, {64, 0}).error() == Errc::out_of_range);
}

TEST_CASE("what a dead instance said is not the word of the new one", "[init][names][hostile]")
{
    Managed world;
    world.die("disk0", abi::ExitCause::fault);
    sys::Incoming in{abi::Header::make(names::Ready::ordinal, wire_bytes<names::Ready::Request>),
                     {},
                     init::badge_of(disk, 0),
                     {}};
    auto out = sys::dispatch(names::Protocol{}, *world.init, in);
    CHECK(out.letter.header.status() == Errc::denied);
    CHECK(world.state() == State::starting);
    CHECK(world.ask<names::Ready>(disk, {}));
    CHECK(world.state() == State::ready);
}

namespace {

// As blkd lays out a split ring of 4 entries.
constexpr names::RequestRing split{
    .entries = 4, .packed = 0, .queue = 0, .reserved = 0, .driver = 64, .device = 4096};

void store(fake::Object& memory, u64 offset, u16 value)
{
    std::memcpy(&memory.bytes[offset], &value, sizeof(value));
}

// Says Ready as `disk`, with memory of two pages in which the ring lies.
std::pair<std::shared_ptr<fake::Object>, Errc> ready_with(Managed& world,
                                                          const names::RequestRing& ring)
{
    const abi::Slot slot = world.kernel.give_memory(std::vector<std::byte>(2 * page_bytes));
    auto memory = world.kernel.at(slot);
    sys::message_page().handles[0] = slot;
    sys::Incoming in{abi::Header::make(names::Ready::ordinal, wire_bytes<names::Ready::Request>, 1),
                     {},
                     init::badge_of(disk, world.init->registry()[disk].epoch),
                     {}};
    sys::put_payload(in.words, names::Ready::Request{ring, 0, 0});
    const auto out = sys::dispatch(names::Protocol{}, *world.init, in);
    return {memory, out.letter.header.status()};
}

struct Draining : Managed {
    explicit Draining(const names::RequestRing& ring)
    {
        die("disk0", abi::ExitCause::fault);
        registers()[0x070] = 15;
        REQUIRE(state() == State::starting);
        auto [shared, said] = ready_with(*this, ring);
        REQUIRE(said == Errc::ok);
        memory = shared;
    }

    std::map<u64, u32>& registers() { return kernel.at(boot.devices[0])->registers; }
    bool reset() { return registers()[0x070] == 0; }

    std::shared_ptr<fake::Object> memory;
};

}  // namespace

TEST_CASE("a device that still has requests of a dead server is not reset before it ended them",
          "[init][death][drain][U1]")
{
    Draining world{split};
    store(*world.memory, split.driver + 2, 7);  // avail.idx
    store(*world.memory, split.device + 2, 5);  // used.idx
    world.die("disk0", abi::ExitCause::fault);
    CHECK(world.state() == State::restarting);
    CHECK_FALSE(world.reset());
    CHECK(world.registers()[0x050] == 0);  // it was told again
    for (int i = 0; i < 100; ++i) {
        REQUIRE(world.init->next_deadline() == sys::after_ms(2));
        world.pass(2);
        REQUIRE_FALSE(world.reset());
        CHECK(world.ask<names::Process>(stranger, {disk, 0})->state == State::restarting);
    }
    store(*world.memory, split.device + 2, 7);
    world.pass(2);
    CHECK(world.reset());
    CHECK(world.state() == State::starting);
    CHECK(world.ask<names::Crash>(stranger, {0, 0})->drain_ms == 202);
    CHECK(world.kernel.mappings() == 2);  // pages of progress
}

TEST_CASE("a device that never ends a request is reset when its time is over",
          "[init][death][drain]")
{
    Draining world{split};
    store(*world.memory, split.driver + 2, 1);
    world.die("disk0", abi::ExitCause::fault);
    for (int i = 0; i < 2'499; ++i)
        world.pass(2);
    CHECK_FALSE(world.reset());
    world.pass(2);
    CHECK(world.reset());
    CHECK(world.state() == State::starting);
}

TEST_CASE("a device that was not started, or is broken, is not waited for", "[init][death][drain]")
{
    Draining world{split};
    store(*world.memory, split.driver + 2, 1);
    world.registers()[0x070] = GENERATE(0U, 3U, 15U | 64U, 64U);
    world.die("disk0", abi::ExitCause::fault);
    CHECK(world.state() == State::starting);
}

TEST_CASE("of a packed ring all entries are looked at", "[init][death][drain]")
{
    constexpr names::RequestRing packed{
        .entries = 256, .packed = 1, .queue = 0, .reserved = 0, .driver = 4096, .device = 0};
    Draining world{packed};
    const u64 last = 4096 + 255 * 16 + 14;
    const u16 available = GENERATE(u16{0x0080}, u16{0x8000});
    store(*world.memory, last, available);
    world.die("disk0", abi::ExitCause::fault);
    CHECK(world.state() == State::restarting);
    store(*world.memory, last, GENERATE(u16{0x8080}, u16{0}));
    world.pass(2);
    CHECK(world.state() == State::starting);
}

TEST_CASE("a ring that does not lie in its memory is no ring", "[init][names][hostile]")
{
    Managed world;
    world.die("disk0", abi::ExitCause::fault);
    auto ring = split;
    SECTION("available ring outside") { ring.driver = 2 * page_bytes - 2; }
    SECTION("used ring outside") { ring.device = ~u32{1}; }
    SECTION("odd") { ring.driver = 65; }
    SECTION("of no kind") { ring.packed = 2; }
    SECTION("reserved") { ring.reserved = 1; }
    SECTION("too many packed entries")
    {
        ring.packed = 1;
        ring.entries = 512;
    }
    CHECK(ready_with(world, ring).second == Errc::bad_argument);
    CHECK(world.state() == State::starting);
    CHECK(world.ask<names::Ready>(disk, {split, 0, 0}).error() == Errc::bad_argument);  // no memory
    CHECK(world.ask<names::Ready>(disk, {}));
}

TEST_CASE("a restart that is asked for while the device drains waits for it, and is no crash",
          "[init][names][drain]")
{
    Draining world{split};
    store(*world.memory, split.driver + 2, 1);
    world.die("disk0", abi::ExitCause::fault);
    CHECK(order<names::Restart>(world, manager, "disk0"));
    CHECK(order<names::Hold>(world, manager, "disk0"));
    world.pass(2);
    CHECK(world.state() == State::restarting);
    store(*world.memory, split.device + 2, 1);
    world.pass(2);
    CHECK(world.state() == State::starting);
}
