// tests/host/clients/layers_test.cpp - callbacks and long streams.
#include "disk_rig.hpp"

#include <algorithm>

#include <block/callbacks.hpp>
#include <block/pattern.hpp>
#include <block/stream.hpp>
#include <catch2/catch.hpp>

namespace {

constexpr block::Options options{.depth = 8, .buffers = 8, .buffer_bytes = 4096};

// Reads the whole disk by a chain of callbacks: each end starts the next request.
struct Walk {
    block::Callbacks* work;
    u64 next = 0;
    u64 end = 0;
    u64 ended = 0;
    Errc worst = Errc::ok;

    void step(block::Buffer buffer)
    {
        if (next < end && work->read(block::Sector{next}, 1, std::move(buffer), {on_end, this}))
            ++next;
    }
    static void on_end(void* context, Errc outcome, block::Buffer buffer)
    {
        auto& self = *static_cast<Walk*>(context);
        ++self.ended;
        if (outcome != Errc::ok)
            self.worst = outcome;
        self.step(std::move(buffer));
    }
};

}  // namespace

TEST_CASE("callbacks are told of their own requests and may start others", "[clients][block]")
{
    DiskRig rig;
    block::Disk disk;
    REQUIRE(disk.open(rig.bench.startup(), "disk0", options).has_value());
    block::Callbacks work{disk};
    Walk walk{.work = &work, .end = 500};
    for (int i = 0; i < 8; ++i)
        walk.step(std::move(*disk.buffer()));
    CHECK(work.run().has_value());
    CHECK(walk.ended == 500);
    CHECK(walk.worst == Errc::ok);
    CHECK(work.run().has_value());
    CHECK(work.flush({nullptr, nullptr}).error() == Errc::bad_argument);

    rig.blk.bad_sectors = {123};
    Walk again{.work = &work, .next = 120, .end = 130};
    again.step(std::move(*disk.buffer()));
    while (disk.outstanding() != 0) {
        (void)work.dispatch();
        rig.settle();
    }
    CHECK(again.ended == 10);
    CHECK(again.worst == Errc::device_fault);
}

TEST_CASE("a callback that was not started leaves its buffer with the caller", "[clients][block]")
{
    DiskRig rig;
    rig.blk.hold = true;
    block::Disk disk;
    REQUIRE(disk.open(rig.bench.startup(), "disk0", {.depth = 1, .buffers = 2, .buffer_bytes = 512})
                .has_value());
    block::Callbacks work{disk};
    Walk walk{.work = &work, .end = 0};
    REQUIRE(work.write(block::Sector{0}, 1, std::move(*disk.buffer()), {Walk::on_end, &walk})
                .has_value());
    auto buffer = disk.buffer();
    CHECK(work.read(block::Sector{0}, 1, std::move(*buffer), {Walk::on_end, &walk}).error()
          == Errc::would_block);
    CHECK(buffer->valid());
    CHECK(work.run(sys::after_ms(1)).error() == Errc::timed_out);
    rig.finish(0);
    CHECK(work.run().has_value());
    CHECK(walk.ended == 1);
}

TEST_CASE("a stream hands a range over in order, whatever the order of its requests",
          "[clients][block]")
{
    DiskRig rig;
    block::pattern::fill(std::as_writable_bytes(std::span{rig.blk.medium}), 9, 0);
    rig.blk.hold = true;
    block::Disk disk;
    REQUIRE(disk.open(rig.bench.startup(), "disk0", options).has_value());
    rig.bench.pump = [&] {
        if (rig.pump())
            return true;
        if (rig.blk.held() == 0)
            return false;
        rig.finish(rig.blk.held() - 1);  // the youngest first
        return true;
    };
    const auto [first, count] =
        GENERATE(table<u64, u64>({{0, 2048}, {5, 1}, {3, 1000}, {2047, 1}, {0, 0}}));
    u64 next = first;
    const auto done =
        block::read_range(disk, first, count, [&](u64 sector, std::span<const std::byte> data) {
            REQUIRE(sector == next);
            REQUIRE_FALSE(block::pattern::mismatch(data, 9, sector));
            next += data.size() / 512;
            return true;
        });
    CHECK(done.has_value());
    CHECK(next == first + count);
    CHECK_FALSE(rig.bench.stuck());
}

TEST_CASE("a stream stops where it is told to, or fails", "[clients][block]")
{
    DiskRig rig;
    block::Disk disk;
    REQUIRE(disk.open(rig.bench.startup(), "disk0", options).has_value());
    u64 pieces = 0;
    const auto stop_at_third = [&](u64, std::span<const std::byte>) { return ++pieces < 3; };
    CHECK(block::read_range(disk, 0, 2048, stop_at_third).has_value());
    CHECK(pieces == 3);
    CHECK(disk.outstanding() == 0);

    const auto ignore = [](u64, std::span<const std::byte>) { return true; };
    CHECK(block::read_range(disk, 0, 2049, ignore).error() == Errc::out_of_range);
    CHECK(block::read_range(disk, ~u64{0}, 2, ignore).error() == Errc::out_of_range);
    rig.blk.bad_sectors = {1000};
    CHECK(block::read_range(disk, 0, 2048, ignore).error() == Errc::device_fault);
    CHECK(disk.outstanding() == 0);
    const auto zero = [](u64, std::span<std::byte> data) { std::ranges::fill(data, std::byte{0}); };
    CHECK(block::write_range(disk, 900, 200, zero).error() == Errc::device_fault);
    CHECK(disk.outstanding() == 0);
    CHECK(block::write_range(disk, 1001, 200, zero).has_value());
}

TEST_CASE("what a stream writes is the pattern, recomputed", "[clients][block]")
{
    DiskRig rig;
    block::Disk disk;
    REQUIRE(disk.open(rig.bench.startup(), "disk0", options).has_value());
    const u64 seed = 0x1234'5678'9abc'def0;
    const auto fill = [&](u64 sector, std::span<std::byte> data) {
        block::pattern::fill(data, seed, sector);
    };
    REQUIRE(block::write_range(disk, 10, 777, fill).has_value());
    for (u64 sector = 10; sector < 787; ++sector)
        for (u64 index = 0; index < 64; ++index) {
            u64 found = 0;
            std::memcpy(&found, &rig.blk.medium[sector * 512 + index * 8], 8);
            REQUIRE(found == block::pattern::word(seed, sector, index));
        }
    CHECK(std::ranges::count(std::span{rig.blk.medium}.first(5120), 0) == 5120);
}

TEST_CASE("the pattern is what its header says", "[clients][block]")
{
    // splitmix64 from 0: its well-known first outputs.
    CHECK(block::pattern::word(0, 0, 0) == 0xe220a8397b1dcdaf);
    CHECK(block::pattern::word(0, 0, 1) == 0x6e789e6aa1b965f4);
    CHECK(block::pattern::word(0, 0, 2) == 0x06c45d188009454f);
    CHECK(block::pattern::word(0, 1, 0) != block::pattern::word(0, 0, 1));
    std::array<std::byte, 1024> data{};
    block::pattern::fill(data, 42, 7);
    CHECK_FALSE(block::pattern::mismatch(data, 42, 7));
    CHECK(block::pattern::mismatch(data, 43, 7) == 0);
    CHECK(block::pattern::mismatch(data, 42, 8) == 0);
    data[517] ^= std::byte{1};
    CHECK(block::pattern::mismatch(data, 42, 7) == 512);
}
