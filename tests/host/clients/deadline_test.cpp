// tests/host/clients/deadline_test.cpp - requests with a deadline of their own: it passes for its
// client, and for nobody else.
#include "disk_rig.hpp"

#include <random>

#include <block/callbacks.hpp>
#include <block/tasks.hpp>
#include <catch2/catch.hpp>

namespace {

constexpr block::Options small{.depth = 4, .buffers = 4, .buffer_bytes = 4096};

struct Rig : DiskRig {
    Rig() { REQUIRE(disk.open(bench.startup(), "disk0", small).has_value()); }

    void read(u64 tag, abi::Ticks deadline = abi::never)
    {
        REQUIRE(disk.read(tag, block::Sector{tag}, 1, *disk.buffer()).has_value());
        if (deadline != abi::never)
            REQUIRE(disk.set_deadline(tag, deadline).has_value());
    }
    // What wait() gives, which must be something.
    block::Completion next(abi::Ticks deadline = abi::never)
    {
        auto done = disk.wait(deadline);
        REQUIRE(done.has_value());
        return std::move(*done);
    }
    u32 free_buffers()
    {
        std::vector<block::Buffer> all;
        while (auto buffer = disk.buffer())
            all.push_back(std::move(*buffer));
        return static_cast<u32>(all.size());
    }

    block::Disk disk;
};

block::Task
read_by(block::Tasks& io, abi::Ticks deadline, std::optional<block::Tasks::Done>& result)
{
    auto buffer = co_await io.buffer();
    result = co_await io.read(block::Sector{0}, 1, std::move(buffer)).by(deadline);
}

}  // namespace

TEST_CASE("a request past its deadline has timed out, and what it had stays the device's",
          "[clients][block][U12][LD23]")
{
    Rig rig;
    rig.blk.hold = true;
    rig.read(1, sys::after_ms(500));
    rig.read(2);
    const auto late = rig.next();
    CHECK(late.tag == 1);
    CHECK(late.outcome == Errc::timed_out);
    CHECK_FALSE(late.buffer.valid());
    CHECK(rig.disk.outstanding() == 2);
    CHECK(rig.free_buffers() == 2);
    CHECK(rig.blk.held() == 2);

    rig.finish(1);
    CHECK(rig.next().tag == 2);
    CHECK(rig.disk.wait(sys::after_ms(1)).error() == Errc::timed_out);
    CHECK(rig.free_buffers() == 3);
    rig.finish(0);
    CHECK(rig.disk.wait().error() == Errc::not_found);
    CHECK(rig.free_buffers() == 4);
    CHECK(rig.disk.stats()->resets == 0);
    CHECK(rig.world.complaints.empty());
}

TEST_CASE("a place is not free again before the device has ended its request",
          "[clients][block][U12]")
{
    Rig rig;
    rig.blk.hold = true;
    for (u64 tag = 0; tag < 4; ++tag) {
        REQUIRE(rig.disk.flush(tag).has_value());
        REQUIRE(rig.disk.set_deadline(tag, sys::after_ms(4 - tag)).has_value());
    }
    for (u64 tag = 4; tag-- > 0;)
        CHECK(rig.next().tag == tag);  // the earliest first
    CHECK(rig.disk.flush(9).error() == Errc::would_block);
    CHECK(rig.disk.wait(sys::after_ms(1)).error() == Errc::timed_out);
    rig.finish(2);
    CHECK(rig.disk.wait(sys::after_ms(1)).error() == Errc::timed_out);
    CHECK(rig.disk.flush(9).has_value());
}

TEST_CASE("the deadline of a request that has ended is nobody's", "[clients][block]")
{
    Rig rig;
    rig.read(1, sys::after_ms(10));
    CHECK(rig.next().outcome == Errc::ok);
    rig.blk.hold = true;
    rig.read(1);  // in the same place, with the same tag
    CHECK(rig.disk.wait(sys::after_ms(20)).error() == Errc::timed_out);
    rig.finish(0);
    CHECK(rig.next().outcome == Errc::ok);
    CHECK(rig.disk.set_deadline(1, abi::now).error() == Errc::not_found);
}

TEST_CASE("the deadlines of requests that have ended ring nobody", "[clients][block]")
{
    const auto signals = [](bool deadlines) {
        Rig rig;
        rig.blk.hold = true;
        for (u64 tag = 0; tag < 20; ++tag) {
            rig.read(tag, deadlines ? sys::after_ms(10) : abi::never);
            CHECK(rig.disk.wait(sys::after_ms(5)).error() == Errc::timed_out);
            rig.finish(0);
            CHECK(rig.next().outcome == Errc::ok);
            rig.read(tag);
            CHECK(rig.disk.wait(sys::after_ms(20)).error() == Errc::timed_out);
            rig.finish(0);
            CHECK(rig.next().outcome == Errc::ok);
            sys::host_counter += sys::milliseconds(11).raw();
        }
        sys::host_counter = 0;
        return rig.bench.signals;
    };
    CHECK(signals(true) == signals(false));
}

TEST_CASE("a deadline passes while other requests end without end", "[clients][block][U12]")
{
    Rig rig;
    rig.blk.hold = true;
    rig.read(1, sys::after_ms(10));
    u32 ended = 0;
    const auto more = [&] {
        rig.read(2);
        rig.disk.kick();
        rig.settle();
        rig.finish(1);
    };
    for (; ended < 10; ++ended) {
        more();
        CHECK(rig.next().tag == 2);
    }
    sys::host_counter += sys::milliseconds(11).raw();
    more();
    CHECK(rig.next().tag == 2);  // first what came
    more();
    const auto late = rig.next();
    CHECK(late.tag == 1);
    CHECK(late.outcome == Errc::timed_out);
    CHECK(rig.next().tag == 2);
    sys::host_counter = 0;
    rig.finish(0);
    CHECK(rig.disk.wait().error() == Errc::not_found);
}

TEST_CASE("the wait's own deadline, if it is the earlier one, changes nothing", "[clients][block]")
{
    Rig rig;
    rig.blk.hold = true;
    rig.read(1, sys::after_ms(10));
    CHECK(rig.disk.wait(sys::after_ms(5)).error() == Errc::timed_out);
    CHECK(rig.disk.wait(abi::now).error() == Errc::timed_out);
    sys::host_counter += sys::milliseconds(11).raw();
    CHECK(rig.next(abi::now).outcome == Errc::timed_out);
    sys::host_counter = 0;
}

TEST_CASE("what came before a deadline was looked at is no timeout", "[clients][block][LD22]")
{
    Rig rig;
    rig.blk.hold = true;
    rig.read(1, sys::after_ms(10));
    CHECK(rig.disk.wait(abi::now).error() == Errc::timed_out);
    rig.finish(0);
    sys::host_counter += sys::milliseconds(11).raw();
    const auto done = rig.next();
    CHECK(done.outcome == Errc::ok);
    CHECK(done.buffer.valid());
    sys::host_counter = 0;
}

TEST_CASE("a deadline passes while there is no server, and the next one is not asked",
          "[clients][block][U12]")
{
    Rig rig;
    rig.blk.hold = true;
    rig.read(1, sys::after_ms(500));
    rig.read(2);
    CHECK(rig.disk.wait(sys::after_ms(1)).error() == Errc::timed_out);
    rig.bench.lose_server();
    CHECK(rig.next().outcome == Errc::timed_out);
    while (rig.blk.held() != 0)
        rig.finish(0);
    rig.blk.hold = false;
    const u64 before = rig.blk.requests;
    rig.bench.gain_server();
    CHECK(rig.next().tag == 2);
    CHECK(rig.blk.requests == before + 1);
    CHECK(rig.free_buffers() == 4);
}

TEST_CASE("a task goes on at its request's deadline", "[clients][block][U12]")
{
    Rig rig;
    rig.blk.hold = true;
    block::Tasks io{rig.disk};
    std::optional<block::Tasks::Done> result;
    REQUIRE(read_by(io, sys::after_ms(500), result).began());
    CHECK(io.run().has_value());
    REQUIRE(result.has_value());
    CHECK(result->outcome == Errc::timed_out);
    CHECK_FALSE(result->buffer.valid());
    rig.finish(0);
}

TEST_CASE("a callback hears of its request's deadline, also from who never waits",
          "[clients][block][U12]")
{
    Rig rig;
    rig.blk.hold = true;
    block::Callbacks work{rig.disk};
    Errc outcome = Errc::ok;
    const auto told = [](void* context, Errc why, block::Buffer buffer) {
        *static_cast<Errc*>(context) = why;
        CHECK_FALSE(buffer.valid());
    };
    REQUIRE(
        work.read(block::Sector{0}, 1, *rig.disk.buffer(), {+told, &outcome, sys::after_ms(500)})
            .has_value());
    SECTION("who waits") { CHECK(work.run(sys::after_ms(900)).has_value()); }
    SECTION("who does not")
    {
        CHECK(work.dispatch() == 0);
        sys::host_counter += sys::milliseconds(501).raw();
        CHECK(work.dispatch() == 1);
        sys::host_counter = 0;
    }
    CHECK(outcome == Errc::timed_out);
    CHECK(rig.disk.outstanding() == 1);
    rig.settle();
    rig.finish(0);
}

TEST_CASE("who waits for callbacks waits for none that was told of its deadline",
          "[clients][block][U12]")
{
    Rig rig;
    rig.blk.hold = true;
    block::Callbacks work{rig.disk};
    u32 told = 0;
    const auto count = [](void* context, Errc why, block::Buffer) {
        CHECK(why == Errc::timed_out);
        ++*static_cast<u32*>(context);
    };
    for (u64 sector = 0; sector < 3; ++sector)
        REQUIRE(work.read(block::Sector{sector}, 1, *rig.disk.buffer(),
                          {+count, &told, sys::after_ms(500)})
                    .has_value());
    CHECK(work.run().has_value());  // a disk that hangs
    CHECK(told == 3);
    CHECK(rig.disk.outstanding() == 3);
    CHECK(work.run().has_value());
    while (rig.blk.held() != 0)
        rig.finish(0);
    CHECK(work.run().has_value());
    CHECK_FALSE(rig.bench.stuck());

    SECTION("nor for one that was cancelled behind its back")
    {
        REQUIRE(work.flush({+count, &told}).has_value());
        u64 tag = 0;
        while (!rig.disk.cancel(tag))
            REQUIRE(++tag < block::Channel::max_entries);
        rig.disk.kick();
        rig.settle();
        rig.finish(0);
        CHECK(work.run().has_value());
    }
    CHECK(told == 3);
}

TEST_CASE("deadlines pass in their order, each once, and only those that count", "[clients][block]")
{
    std::mt19937_64 random{7};
    block::Deadlines<100> deadlines;
    std::map<u32, u64> wanted;
    u64 now = 1000;
    for (int round = 0; round < 20'000; ++round) {
        const auto place = static_cast<u32>(random() % 100);
        switch (random() % 3) {
        case 0:
            wanted[place] = now + random() % 500;
            deadlines.set(place, abi::Ticks{wanted[place]});
            break;
        case 1:
            wanted.erase(place);
            break;
        default:
            now += random() % 20;
            const auto passed =
                deadlines.passed(abi::Ticks{now}, [&](u32 at) { return wanted.contains(at); });
            if (passed) {
                REQUIRE(wanted.at(*passed) <= now);
                wanted.erase(*passed);
            } else {
                for (const auto& [at, deadline] : wanted)
                    REQUIRE(deadline > now);
            }
        }
        for (const auto& [at, deadline] : wanted)
            REQUIRE(deadlines.next().raw() <= deadline);
    }
}
