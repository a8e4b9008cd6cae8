// tests/host/clients/window_test.cpp - sessions with a part of a disk, and disks that change size.
#include "disk_rig.hpp"

#include <algorithm>

#include <block/blocking.hpp>
#include <catch2/catch.hpp>

namespace {

block::Options part_of(u64 first, u64 count, bool read_only = false)
{
    return {.depth = 4,
            .buffers = 4,
            .buffer_bytes = 4096,
            .first = block::Sector{first},
            .count = count,
            .read_only = read_only};
}

Errc open(block::Disk& disk, DiskRig& rig, const block::Options& options)
{
    return disk.open(rig.bench.startup(), "disk0", options).error_or(Errc::ok);
}

}  // namespace

TEST_CASE("a session with a part of a disk writes there and nowhere else", "[clients][block]")
{
    DiskRig rig{{.sectors = 1000, .max_discard = 16, .max_write_zeroes = 16}};
    std::ranges::fill(rig.blk.medium, u8{0x11});
    block::Disk disk;
    REQUIRE(open(disk, rig, part_of(100, 200)) == Errc::ok);
    CHECK(disk.capacity() == block::Sector{200});
    block::Blocking blocking{disk};
    const std::vector<std::byte> data(usize{200} * 512, std::byte{0x22});
    REQUIRE(blocking.pwrite(0, data).has_value());
    const auto outside = [&] {
        return std::all_of(rig.blk.medium.data(), rig.blk.medium.data() + 100 * 512,
                           [](u8 each) { return each == 0x11; })
               && std::all_of(rig.blk.medium.data() + 300 * 512, rig.blk.medium.data() + 1000 * 512,
                              [](u8 each) { return each == 0x11; });
    };
    CHECK(outside());
    CHECK(std::all_of(rig.blk.medium.data() + 100 * 512, rig.blk.medium.data() + 300 * 512,
                      [](u8 each) { return each == 0x22; }));
    REQUIRE(blocking.write_zeroes(block::Sector{0}, 100, false).has_value());
    REQUIRE(blocking.discard(block::Sector{100}, 100).has_value());
    CHECK(outside());
    CHECK(blocking.pwrite(200 * 512, std::span{data}.first(1)).error() == Errc::out_of_range);
    REQUIRE(disk.write(1, block::Sector{200}, 1, *disk.buffer()).has_value());
    CHECK(disk.wait()->outcome == Errc::out_of_range);
    CHECK(outside());
}

TEST_CASE("a part that no disk has is refused", "[clients][block]")
{
    DiskRig rig{{.sectors = 1000, .block_bytes = 4096}};
    block::Disk disk;
    CHECK(open(disk, rig, part_of(0, 1001)) == Errc::out_of_range);
    CHECK(open(disk, rig, part_of(1008, 0)) == Errc::out_of_range);
    CHECK(open(disk, rig, part_of(~u64{0}, 8)) == Errc::out_of_range);
    CHECK(open(disk, rig, part_of(4, 8)) == Errc::bad_argument);
    CHECK(open(disk, rig, part_of(8, 4)) == Errc::bad_argument);
    CHECK(open(disk, rig, part_of(8, 8)) == Errc::ok);
    disk.close();
    CHECK(rig.at_rest());
}

TEST_CASE("a session that is to read only refuses to write", "[clients][block]")
{
    DiskRig rig{{.max_discard = 16}};
    block::Disk disk;
    REQUIRE(open(disk, rig, part_of(0, 0, true)) == Errc::ok);
    CHECK(disk.read_only());
    block::Disk other;
    REQUIRE(open(other, rig, part_of(0, 0)) == Errc::ok);
    CHECK_FALSE(other.read_only());
    REQUIRE(disk.write(1, block::Sector{0}, 1, *disk.buffer()).has_value());
    CHECK(disk.wait()->outcome == Errc::read_only);
    REQUIRE(disk.discard(2, block::Sector{0}, 1).has_value());
    CHECK(disk.wait()->outcome == Errc::read_only);
    REQUIRE(disk.read(3, block::Sector{0}, 1, *disk.buffer()).has_value());
    CHECK(disk.wait()->outcome == Errc::ok);
}

TEST_CASE("B2: a disk that is resized is of the new size for its clients, under load too",
          "[clients][block][LD19]")
{
    DiskRig rig{{.sectors = 1000}, {.version = GENERATE(1U, 2U)}};
    block::Disk disk;
    block::Disk part;
    REQUIRE(open(disk, rig, part_of(0, 0)) == Errc::ok);
    REQUIRE(open(part, rig, part_of(900, 100)) == Errc::ok);
    for (u64 size = 1000; size < 3000; size += 250) {
        for (u64 i = 0; i < 4; ++i)
            REQUIRE(disk.read(i, block::Sector{i}, 1, *disk.buffer()).has_value());
        disk.kick();
        rig.blk.resize(size);
        rig.settle();
        for (u64 i = 0; i < 4; ++i)
            CHECK(disk.wait()->outcome == Errc::ok);
        CHECK(disk.capacity() == block::Sector{size});
        CHECK(disk.bytes() == size * 512);
        CHECK(part.capacity() == block::Sector{100});
        REQUIRE(disk.write(9, block::Sector{size - 1}, 1, *disk.buffer()).has_value());
        CHECK(disk.wait()->outcome == Errc::ok);
    }
    rig.blk.resize(950);
    rig.settle();
    CHECK(part.capacity() == block::Sector{50});
    REQUIRE(part.read(1, block::Sector{50}, 1, *part.buffer()).has_value());
    CHECK(part.wait()->outcome == Errc::out_of_range);
    CHECK(rig.world.complaints.empty());
}

TEST_CASE("whoever sleeps on a session's notification hears of a new size", "[clients][block]")
{
    DiskRig rig{{.sectors = 1000}};
    block::Disk disk;
    REQUIRE(open(disk, rig, part_of(0, 0)) == Errc::ok);
    (void)rig.bench.take_bits(disk.notification().slot);
    rig.blk.resize(2000);
    rig.settle();
    CHECK(rig.bench.take_bits(disk.notification().slot) == abi::Bits::at(0));
    CHECK(disk.capacity() == block::Sector{2000});
}
