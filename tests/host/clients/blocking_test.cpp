// tests/host/clients/blocking_test.cpp - transfers of any size and place, against a byte-for-byte
// model.
#include "disk_rig.hpp"

#include <algorithm>
#include <random>

#include <block/blocking.hpp>
#include <catch2/catch.hpp>

namespace {

constexpr block::Options options{.depth = 8, .buffers = 6, .buffer_bytes = 8192};

std::vector<std::byte> random_bytes(std::mt19937_64& random, usize count)
{
    std::vector<std::byte> bytes(count);
    for (auto& each : bytes)
        each = static_cast<std::byte>(random());
    return bytes;
}

struct Rig : DiskRig {
    explicit Rig(model::BlkOptions of = {}) : DiskRig{std::move(of)}
    {
        REQUIRE(disk.open(bench.startup(), "disk0", options).has_value());
    }

    bool medium_is(u64 offset, std::span<const std::byte> bytes) const
    {
        return std::ranges::equal(
            bytes, std::as_bytes(std::span{blk.medium}).subspan(offset, bytes.size()));
    }

    block::Disk disk;
    block::Blocking blocking{disk};
};

}  // namespace

TEST_CASE("any range of bytes is read and written as it is on the medium", "[clients][block]")
{
    const u32 block_bytes = GENERATE(512U, 4096U);
    Rig rig{{.sectors = 1024, .block_bytes = block_bytes}};
    std::mt19937_64 random{block_bytes};
    auto expected = random_bytes(random, 1024 * 512);
    std::memcpy(rig.blk.medium.data(), expected.data(), expected.size());

    for (int round = 0; round < 150; ++round) {
        const u64 offset = random() % expected.size();
        const usize count = random() % std::min<u64>(expected.size() - offset, 100'000) + 1;
        if (random() % 2 == 0) {
            const auto data = random_bytes(random, count);
            REQUIRE(rig.blocking.pwrite(offset, data).has_value());
            std::ranges::copy(data, expected.begin() + static_cast<std::ptrdiff_t>(offset));
        } else {
            std::vector<std::byte> data(count);
            REQUIRE(rig.blocking.pread(offset, data).value() == count);
            REQUIRE(std::ranges::equal(data, std::span{expected}.subspan(offset, count)));
        }
    }
    CHECK(rig.medium_is(0, expected));
    CHECK(rig.disk.outstanding() == 0);
    CHECK_FALSE(rig.bench.stuck());
    CHECK(rig.world.complaints.empty());
}

TEST_CASE("reading stops at the end of the disk, writing beyond it writes nothing",
          "[clients][block]")
{
    Rig rig{{.sectors = 10}};
    std::vector<std::byte> data(1000, std::byte{0xaa});
    CHECK(rig.blocking.pread(5000, data).value() == 120);
    CHECK(rig.blocking.pread(5120, data).value() == 0);
    CHECK(rig.blocking.pread(~u64{0}, data).value() == 0);
    CHECK(rig.blocking.pwrite(5000, data).error() == Errc::out_of_range);
    CHECK(rig.blocking.pwrite(~u64{0}, data).error() == Errc::out_of_range);
    CHECK(std::ranges::count(rig.blk.medium, 0xaa) == 0);
    CHECK(rig.blocking.read(block::Sector{9}, std::span{data}.first(1000)).error()
          == Errc::bad_argument);
    CHECK(rig.blocking.read(block::Sector{9}, std::span{data}.first(0)).has_value());
    std::vector<std::byte> two(1024);
    CHECK(rig.blocking.read(block::Sector{9}, two).error() == Errc::out_of_range);
    CHECK(rig.blocking.read(block::Sector{8}, two).has_value());
    CHECK(rig.blocking.write(block::Sector{8}, two).has_value());
    std::ranges::fill(two, std::byte{0xaa});
    CHECK(rig.blocking.write(block::Sector{9}, two).error() == Errc::out_of_range);
    // As bytes this would be the first sector again.
    CHECK(rig.blocking.write(block::Sector{u64{1} << 55}, two).error() == Errc::out_of_range);
    CHECK(rig.blocking.write(block::Sector{0}, std::span{two}.first(1000)).error()
          == Errc::bad_argument);
    CHECK(std::ranges::count(rig.blk.medium, 0xaa) == 0);
}

TEST_CASE("the first error of a transfer is its outcome, and nothing of it stays in flight",
          "[clients][block]")
{
    Rig rig;
    rig.blk.bad_sectors = {100};
    std::vector<std::byte> data(200 * 512);
    CHECK(rig.blocking.pread(0, data).error() == Errc::device_fault);
    CHECK(rig.disk.outstanding() == 0);
    CHECK(rig.blocking.pwrite(100 * 512 + 5, std::span{data}.first(10)).error()
          == Errc::device_fault);
    CHECK(rig.blocking.pread(101 * 512, std::span{data}.first(512)).value() == 512);

    Rig locked{{.read_only = true}};
    CHECK(locked.blocking.pwrite(0, data).error() == Errc::read_only);
    CHECK(locked.blocking.pwrite(3, std::span{data}.first(3)).error() == Errc::read_only);
}

TEST_CASE("a flush reaches the device after the writes before it", "[clients][block]")
{
    Rig rig;
    std::vector<std::byte> data(3000);
    REQUIRE(rig.blocking.pwrite(0, data).has_value());
    CHECK(rig.blk.unflushed_writes != 0);
    REQUIRE(rig.blocking.flush().has_value());
    CHECK(rig.blk.unflushed_writes == 0);
    CHECK(rig.blk.flushes == 1);

    Rig through{{.offers_flush = false}};
    CHECK_FALSE(through.disk.write_cache());
    REQUIRE(through.blocking.flush().has_value());
    CHECK(through.blk.flushes == 0);
}

TEST_CASE("after a deadline the caller's memory is its own, and the next call is not confused",
          "[clients][block]")
{
    Rig rig;
    std::ranges::fill(rig.blk.medium, u8{0x11});
    rig.blk.hold = true;
    {
        std::vector<std::byte> gone(20'000);
        CHECK(rig.blocking.pread(0, gone, sys::after_ms(1)).error() == Errc::timed_out);
    }
    CHECK(rig.disk.outstanding() == 3);
    std::ranges::fill(rig.blk.medium, u8{0x22});
    while (rig.blk.held() != 0)
        rig.finish(0);
    rig.blk.hold = false;
    std::vector<std::byte> data(512);
    REQUIRE(rig.blocking.pread(512, data).value() == 512);
    CHECK(std::ranges::count(data, std::byte{0x22}) == 512);
    CHECK(rig.disk.outstanding() == 0);
}
