// tests/host/clients/ranges_test.cpp - discard, zeroes, the serial number and the cache, through
// library, server, driver and the device's model.
#include "disk_rig.hpp"

#include <algorithm>

#include <block/blocking.hpp>
#include <catch2/catch.hpp>

namespace {

constexpr block::Options options{.depth = 4, .buffers = 4, .buffer_bytes = 4096};

struct Rig : DiskRig {
    explicit Rig(model::BlkOptions of, model::MmioOptions transport = {})
        : DiskRig{std::move(of), transport}
    {
        bench.access = proto::table::Access::admin;
        REQUIRE(disk.open(bench.startup(), "disk0", options).has_value());
        std::ranges::fill(blk.medium, u8{0x11});
    }

    // Whether these sectors are of this byte, and those around them are not.
    bool holds(u64 first, u64 count, u8 value) const
    {
        const u8* at = blk.medium.data() + first * 512;
        return std::all_of(at, at + count * 512, [=](u8 each) { return each == value; })
               && (first == 0 || at[-1] == 0x11)
               && (first + count == blk.medium.size() / 512 || at[count * 512] == 0x11);
    }

    block::Disk disk;
    block::Blocking blocking{disk};
};

}  // namespace

TEST_CASE("B14, B15: a range of any length is cut into what the device takes", "[clients][block]")
{
    const u32 version = GENERATE(1U, 2U);
    Rig rig{{.sectors = 4096, .max_discard = 100, .max_write_zeroes = 3}, {.version = version}};
    REQUIRE(rig.blocking.discard(block::Sector{7}, 3000).has_value());
    CHECK(rig.holds(7, 3000, 0xdd));
    CHECK(rig.blk.discarded == 3000);
    std::ranges::fill(rig.blk.medium, u8{0x11});
    REQUIRE(rig.blocking.write_zeroes(block::Sector{4000}, 96, true).has_value());
    CHECK(rig.holds(4000, 96, 0));
    CHECK(rig.blk.requests == 1 + 30 + 32);
    CHECK(rig.world.complaints.empty());
}

TEST_CASE("B14: pieces of a discard end where the device likes it", "[clients][block]")
{
    Rig rig{{.sectors = 4096, .block_bytes = 4096, .max_discard = 20}};
    CHECK(rig.disk.range_limits().discard_alignment == 8);
    CHECK(rig.disk.range_limits().max_discard_sectors == 16);
    REQUIRE(rig.blocking.discard(block::Sector{8}, 64).has_value());
    CHECK(rig.holds(8, 64, 0xdd));
    CHECK(rig.blocking.discard(block::Sector{4}, 8).error() == Errc::bad_argument);
    CHECK(rig.blocking.discard(block::Sector{8}, 4).error() == Errc::bad_argument);
}

TEST_CASE("B14: a device that wishes for parts of a block gets whole ones", "[clients][block]")
{
    const u32 wish = GENERATE(3U, 4U, 12U, 1'000'003U, ~0U);
    Rig rig{{.sectors = 4096, .block_bytes = 4096, .max_discard = 40, .discard_alignment = wish}};
    REQUIRE(rig.blocking.discard(block::Sector{8}, 800).has_value());
    CHECK(rig.holds(8, 800, 0xdd));
    CHECK(rig.blk.discarded == 800);
    CHECK(rig.world.complaints.empty());
}

TEST_CASE("B14, B15: a disk without these operations says so", "[clients][block]")
{
    Rig rig{{}};
    CHECK(rig.blocking.discard(block::Sector{0}, 8).error() == Errc::not_supported);
    CHECK(rig.blocking.write_zeroes(block::Sector{0}, 8, false).error() == Errc::not_supported);
    REQUIRE(rig.disk.discard(1, block::Sector{0}, 8).has_value());
    CHECK(rig.disk.wait()->outcome == Errc::not_supported);
    CHECK(rig.blk.requests == 1);
}

TEST_CASE("a range beyond the disk changes nothing", "[clients][block]")
{
    Rig rig{{.sectors = 1000, .max_discard = 64, .max_write_zeroes = 64}};
    CHECK(rig.blocking.discard(block::Sector{900}, 101).error() == Errc::out_of_range);
    CHECK(rig.blocking.write_zeroes(block::Sector{~u64{0}}, 2, false).error()
          == Errc::out_of_range);
    CHECK(rig.blocking.discard(block::Sector{1}, ~u64{0}).error() == Errc::out_of_range);
    CHECK(rig.holds(0, 1000, 0x11));
}

TEST_CASE("B26: the serial number comes as the device tells it", "[clients][block]")
{
    Rig rig{{.serial = "exactly-twenty-chars"}};
    REQUIRE(rig.disk.get_id(5, *rig.disk.buffer()).has_value());
    const auto done = rig.disk.wait();
    REQUIRE(done.has_value());
    CHECK(done->outcome == Errc::ok);
    CHECK(std::memcmp(done->buffer.bytes().data(), "exactly-twenty-chars", 20) == 0);
}

TEST_CASE("a write_fua leaves nothing in the cache", "[clients][block]")
{
    const u32 version = GENERATE(1U, 2U);
    Rig rig{{}, {.version = version}};
    REQUIRE(rig.disk.write(1, block::Sector{0}, 1, *rig.disk.buffer()).has_value());
    REQUIRE(rig.disk.wait()->outcome == Errc::ok);
    CHECK(rig.blk.unflushed_writes == 1);
    REQUIRE(rig.disk.write_fua(2, block::Sector{8}, 1, *rig.disk.buffer()).has_value());
    const auto done = rig.disk.wait();
    CHECK(done->outcome == Errc::ok);
    CHECK(done->buffer.valid());
    CHECK(rig.blk.unflushed_writes == 0);
    CHECK(rig.blk.flushes == 1);
}

TEST_CASE("B26: a cache that is switched off needs no flush for a write_fua", "[clients][block]")
{
    Rig rig{{}};
    REQUIRE(rig.disk.set_write_cache(false).has_value());
    CHECK_FALSE(rig.disk.write_cache());
    REQUIRE(rig.disk.write_fua(1, block::Sector{8}, 1, *rig.disk.buffer()).has_value());
    CHECK(rig.disk.wait()->outcome == Errc::ok);
    CHECK(rig.blk.flushes == 0);
    CHECK(rig.blk.unflushed_writes == 0);
    REQUIRE(rig.blocking.flush().has_value());  // the device knows flush, and is asked
    CHECK(rig.blk.flushes == 1);
}
