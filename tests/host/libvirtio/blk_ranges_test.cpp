// tests/host/libvirtio/blk_ranges_test.cpp - what a block device does without data, and its cache.
#include "rig.hpp"

#include <algorithm>

using namespace virtio;
namespace vblk = virtio::blk;

namespace {

constexpr model::BlkOptions ranges{.max_discard = 256, .max_write_zeroes = 128};

}  // namespace

TEST_CASE("B14, B15: a range is discarded or zeroed without data", "[libvirtio][blk]")
{
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    BlkRig rig{offered, ranges};
    REQUIRE(rig.start().has_value());
    CHECK(rig.driver.info().max_discard == 256);
    CHECK(rig.driver.info().max_write_zeroes == 128);
    CHECK(rig.driver.info().write_zeroes_unmaps);
    std::ranges::fill(rig.disk.medium, u8{1});
    for (u64 round = 0; round < 100; ++round) {  // each slot has its own range
        REQUIRE(rig.driver.discard(1, vblk::Sector{8}, 256).has_value());
        REQUIRE(rig.driver.write_zeroes(2, vblk::Sector{300}, 2, round % 2 == 0).has_value());
        (void)rig.driver.kick();
        for (u64 i = 0; i < 2; ++i)
            CHECK(got(rig.driver.take())->outcome == vblk::Outcome::ok);
    }
    CHECK(rig.disk.discarded == 25600);
    CHECK(rig.disk.zeroed == 200);
    const auto* sector = [&](u64 n) { return rig.disk.medium.data() + n * 512; }(300);
    CHECK(std::all_of(sector, sector + 1024, [](u8 each) { return each == 0; }));
    CHECK((sector[-1] == 1 && sector[1024] == 1));
    REQUIRE(rig.read(1, 0, rig.run(0)).has_value());  // the slots are as they were
    CHECK(rig.only_done().outcome == vblk::Outcome::ok);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("B14, B15: what was not negotiated, or is too much, is refused before the device sees it",
          "[libvirtio][blk]")
{
    const bool without = GENERATE(false, true);
    BlkRig rig{{}, without ? model::BlkOptions{} : ranges};
    REQUIRE(rig.start().has_value());
    const auto discard = [&](u64 sector, u32 count) {
        return rig.driver.discard(1, vblk::Sector{sector}, count).error_or(Errc::ok);
    };
    const auto zero = [&](u64 sector, u32 count) {
        return rig.driver.write_zeroes(1, vblk::Sector{sector}, count, false).error_or(Errc::ok);
    };
    if (without) {
        CHECK(discard(0, 1) == Errc::not_supported);
        CHECK(zero(0, 1) == Errc::not_supported);
    } else {
        CHECK(discard(0, 0) == Errc::bad_argument);
        CHECK(discard(0, 257) == Errc::too_big);
        CHECK(zero(0, 129) == Errc::too_big);
        CHECK(discard(2048, 1) == Errc::out_of_range);
        CHECK(zero(~u64{0}, 1) == Errc::out_of_range);
        CHECK(discard(2047, 1) == Errc::ok);
    }
    CHECK(rig.driver.in_flight() == (without ? 0 : 1));
}

TEST_CASE("limits of a range that are less than a block are none",
          "[libvirtio][blk][hostile][LD20]")
{
    BlkRig rig{{}, {.block_bytes = 4096, .max_discard = 7, .max_write_zeroes = 23}};
    REQUIRE(rig.start().has_value());
    CHECK(rig.driver.info().max_discard == 0);
    CHECK(rig.driver.info().max_write_zeroes == 16);
    CHECK(rig.driver.discard(1, vblk::Sector{0}, 8).error() == Errc::not_supported);
    CHECK(rig.driver.write_zeroes(1, vblk::Sector{0}, 4, false).error() == Errc::bad_argument);
    CHECK(rig.driver.write_zeroes(1, vblk::Sector{0}, 16, false).has_value());
}

TEST_CASE("no ranges in a request is no discard", "[libvirtio][blk][hostile][LD20]")
{
    BlkRig rig{{}, {.max_discard = 8, .max_write_zeroes = 8, .max_ranges = 0}};
    REQUIRE(rig.start().has_value());
    CHECK(rig.driver.info().max_discard == 0);
    CHECK(rig.driver.info().max_write_zeroes == 0);
}

TEST_CASE("B26: the cache is switched, and stays so after a reset", "[libvirtio][blk]")
{
    BlkRig rig{{.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.start().has_value());
    CHECK(rig.driver.info().cache_settable);
    REQUIRE(rig.driver.set_write_back(false).has_value());
    CHECK_FALSE(rig.driver.info().write_back);
    REQUIRE(rig.write(1, 0, rig.run(0)).has_value());
    CHECK(rig.only_done().outcome == vblk::Outcome::ok);
    CHECK(rig.disk.unflushed_writes == 0);
    REQUIRE(rig.driver.recover([](u64) {}).has_value());
    CHECK(rig.disk.config()[32] == 0);
    CHECK_FALSE(rig.driver.info().write_back);
    REQUIRE(rig.driver.set_write_back(true).has_value());
    REQUIRE(rig.write(1, 0, rig.run(0)).has_value());
    CHECK(rig.only_done().outcome == vblk::Outcome::ok);
    CHECK(rig.disk.unflushed_writes == 1);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("B26: a device tells its serial into memory of the caller's", "[libvirtio][blk]")
{
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    BlkRig rig{offered};
    REQUIRE(rig.start().has_value());
    REQUIRE(rig.driver.identify(7, rig.run(3).address).has_value());
    CHECK(rig.only_done().outcome == vblk::Outcome::ok);
    CHECK(std::equal(rig.bytes(3), rig.bytes(3) + 11, "model-disk"));
    CHECK(kept_the_rules(rig.world));
}
