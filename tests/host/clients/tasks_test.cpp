// tests/host/clients/tasks_test.cpp - the coroutine layer over a disk's model.
#include "disk_rig.hpp"

#include <block/tasks.hpp>
#include <catch2/catch.hpp>

namespace {

constexpr block::Options options{.depth = 4, .buffers = 3, .buffer_bytes = 4096};

struct Rig : DiskRig {
    Rig() { REQUIRE(disk.open(bench.startup(), "disk0", options).has_value()); }

    block::Disk disk;
    block::Tasks io{disk};
};

struct Tally {
    u32 ended = 0;
    u32 failed = 0;
};

// Writes a sector, reads it back.
block::Task write_and_read(block::Tasks& io, u64 sector, Tally& tally)
{
    auto buffer = co_await io.buffer();
    buffer.bytes()[0] = static_cast<std::byte>(sector);
    auto done = co_await io.write(block::Sector{sector}, 1, std::move(buffer));
    if (done.outcome == Errc::ok) {
        done.buffer.bytes()[0] = {};
        done = co_await io.read(block::Sector{sector}, 1, std::move(done.buffer));
    }
    ++tally.ended;
    if (done.outcome != Errc::ok || done.buffer.bytes()[0] != static_cast<std::byte>(sector))
        ++tally.failed;
}

block::Task flush_once(block::Tasks& io, Errc& outcome) { outcome = (co_await io.flush()).outcome; }

block::Task keep_two(block::Tasks& io)
{
    const auto one = co_await io.buffer();
    const auto two = co_await io.buffer();
}

block::Task large(block::Tasks& io, Tally& tally)
{
    std::array<std::byte, 2 * block::Tasks::frame_bytes> much{};
    (void)co_await io.flush();
    tally.ended += static_cast<u32>(much[0]) + 1;
}

}  // namespace

TEST_CASE("many tasks share few buffers and places, and all end", "[clients][block]")
{
    Rig rig;
    Tally tally;
    for (u64 i = 0; i < block::Tasks::most; ++i)
        REQUIRE(write_and_read(rig.io, 40 + i, tally).began());
    CHECK(rig.io.running() == block::Tasks::most);
    CHECK_FALSE(write_and_read(rig.io, 1, tally).began());
    CHECK(rig.io.run().has_value());
    CHECK(tally.ended == block::Tasks::most);
    CHECK(tally.failed == 0);
    CHECK(rig.io.running() == 0);
    REQUIRE(write_and_read(rig.io, 1, tally).began());  // the frames are free again
    CHECK(rig.io.run().has_value());
    CHECK(rig.world.complaints.empty());
}

TEST_CASE("a task hears of the error of its own request", "[clients][block]")
{
    Rig rig;
    rig.blk.bad_sectors = {43};
    Tally tally;
    for (u64 i = 0; i < 8; ++i)
        REQUIRE(write_and_read(rig.io, 40 + i, tally).began());
    REQUIRE(write_and_read(rig.io, 1'000'000, tally).began());
    CHECK(rig.io.run().has_value());
    CHECK(tally.ended == 9);
    CHECK(tally.failed == 2);
}

TEST_CASE("a deadline leaves the tasks where they are", "[clients][block]")
{
    Rig rig;
    rig.blk.hold = true;
    Errc outcome = Errc::cancelled;
    REQUIRE(flush_once(rig.io, outcome).began());
    CHECK(rig.io.run(sys::after_ms(1)).error() == Errc::timed_out);
    CHECK(rig.io.running() == 1);
    rig.finish(0);
    CHECK(rig.io.run().has_value());
    CHECK(outcome == Errc::ok);
}

TEST_CASE("tasks that wait for each other's buffers are found out", "[clients][block]")
{
    Rig rig;
    const auto third = rig.disk.buffer();
    REQUIRE(keep_two(rig.io).began());
    REQUIRE(third.has_value());
    CHECK(rig.io.running() == 0);
    auto first = rig.disk.buffer();
    REQUIRE(keep_two(rig.io).began());
    CHECK(rig.io.run().error() == Errc::would_block);
    CHECK(rig.io.running() == 1);
    {
        const auto given_back = std::move(first);
    }
    CHECK(rig.io.run().has_value());
}

TEST_CASE("a task that is too large for a frame does not begin", "[clients][block]")
{
    Rig rig;
    Tally tally;
    CHECK_FALSE(large(rig.io, tally).began());
    CHECK(rig.io.running() == 0);
}

TEST_CASE("tasks of a session that is lost end with that", "[clients][block]")
{
    Rig rig;
    rig.blk.hold = true;
    Errc outcome = Errc::ok;
    REQUIRE(flush_once(rig.io, outcome).began());
    rig.bench.give_up();
    CHECK(rig.io.run().has_value());
    CHECK(outcome == Errc::gave_up);
}
