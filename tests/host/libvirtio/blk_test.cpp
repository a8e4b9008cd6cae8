// tests/host/libvirtio/blk_test.cpp - a block device comes up: what it says, and what is made of
// it.
#include "rig.hpp"

using namespace virtio;
namespace vblk = virtio::blk;

TEST_CASE("a block device comes up on both versions", "[libvirtio][blk]")
{
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    BlkRig rig{offered, {.sectors = 4096, .physical_exponent = 3}};
    REQUIRE(rig.start().has_value());
    CHECK(rig.mmio.status() == (offered.version == 1 ? 7u : 15u));
    const auto& info = rig.driver.info();
    CHECK(info.capacity == vblk::Sector{4096});
    CHECK(info.block_bytes == 512);
    CHECK(info.physical_bytes == 4096);
    CHECK(info.max_runs == 64);  // fewer than the device's 126
    CHECK_FALSE(info.read_only);
    CHECK(info.flush);
    CHECK(info.write_back);
    CHECK(rig.driver.slots() == 64);
    CHECK_FALSE(rig.device.accepted(BlkFeature::scsi));
    CHECK(rig.device.accepted(Feature::event_idx) == offered.event_idx);
    CHECK(rig.device.accepted(Feature::indirect_desc) == offered.indirect);
    CHECK(rig.device.accepted(Feature::ring_packed) == offered.packed);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("what a device does not offer is done without", "[libvirtio][blk]")
{
    BlkRig rig{{.event_idx = false},
               {.block_bytes = 4096,
                .read_only = true,
                .offers_flush = false,
                .offers_seg_max = false,
                .offers_block_size = false}};
    REQUIRE(rig.start().has_value());
    const auto& info = rig.driver.info();
    CHECK(info.block_bytes == 512);  // BLK_SIZE is not there, so the field says nothing
    CHECK(info.max_runs == 1);
    CHECK(info.read_only);
    CHECK_FALSE(info.flush);
    CHECK_FALSE(info.write_back);
    CHECK_FALSE(rig.device.accepted(Feature::event_idx));
    CHECK(rig.driver.flush(1).error() == Errc::not_supported);
    CHECK(rig.write(1, 0, rig.run(0)).error() == Errc::read_only);
    CHECK(rig.driver.write(1, vblk::Sector{0}, rig.run(0)).error() == Errc::read_only);
    REQUIRE(rig.read(1, 0, rig.run(0)).has_value());
    CHECK(rig.only_done().outcome == vblk::Outcome::ok);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a disk that is read-only after a reset gets no write any more",
          "[libvirtio][blk][hostile]")
{
    BlkRig rig{{.packed = GENERATE(false, true)}};
    const vblk::Sector first{0};
    const DeviceAddr data = rig.run(0).address;
    REQUIRE(rig.start().has_value());
    CHECK(rig.driver.try_write(1, first, 8, data) == !rig.device.accepted(Feature::ring_packed));

    rig.disk.set_read_only(true);
    REQUIRE(rig.driver.recover([](u64) {}).has_value());
    const u64 before = rig.disk.requests;
    CHECK_FALSE(rig.driver.try_write(2, first, 8, data));
    CHECK(rig.driver.write(2, first, rig.run(0)).error() == Errc::read_only);
    CHECK_FALSE(rig.driver.kick());
    CHECK(rig.disk.requests == before);
    CHECK(rig.read(3, 0, rig.run(0)).has_value());
    CHECK(rig.only_done().outcome == vblk::Outcome::ok);

    rig.disk.set_read_only(false);
    REQUIRE(rig.driver.recover([](u64) {}).has_value());
    CHECK(rig.write(4, 0, rig.run(0)).has_value());
    CHECK(rig.only_done().outcome == vblk::Outcome::ok);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a write-through cache is seen", "[libvirtio][blk]")
{
    BlkRig rig{{}, {.writeback = false}};
    REQUIRE(rig.start().has_value());
    CHECK(rig.driver.info().flush);
    CHECK_FALSE(rig.driver.info().write_back);
}

TEST_CASE("slots and queue fit the device, whatever was wished for", "[libvirtio][blk][V18]")
{
    struct Case {
        u32 device_max;
        vblk::Options wish;
        u16 slots;
        u32 runs;    // of a request in a table
        u32 direct;  // in the ring
    };
    const auto given = GENERATE(
        Case{1024, {256, 64}, 64, 64, 64}, Case{1024, {256, 10}, 10, 64, 64},
        Case{1024, {256, 64, 7}, 64, 7, 64}, Case{1024, {65535, 65535, 65535}, 64, 64, 64},
        Case{128, {256, 64}, 32, 64, 33}, Case{100, {256, 64}, 16, 62, 17},
        Case{8, {256, 64}, 2, 6, 3}, Case{4, {256, 64}, 1, 2, 2}, Case{7, {256, 64}, 1, 2, 2});
    const bool indirect = GENERATE(true, false);
    BlkRig rig{{.queue_max = given.device_max, .indirect = indirect}, {.seg_max = 126}};
    REQUIRE(rig.start(given.wish).has_value());
    CHECK(rig.driver.slots() == given.slots);
    CHECK(rig.driver.info().max_runs == (indirect ? given.runs : given.direct));
    REQUIRE(rig.read(1, 0, rig.run(0)).has_value());
    CHECK(rig.only_done().outcome == vblk::Outcome::ok);
}

TEST_CASE("a queue too small for a request is refused", "[libvirtio][blk]")
{
    BlkRig rig{{.queue_max = GENERATE(1u, 2u, 3u)}};
    CHECK(rig.start().error() == Errc::not_supported);
    CHECK((rig.mmio.status() & 128) != 0);
}

TEST_CASE("a disk without a queue, or that never stops changing, is refused",
          "[libvirtio][blk][hostile][LD17][LD18]")
{
    BlkRig rig;
    SECTION("no queue")
    {
        rig.world.lies.arm(model::Lie::queue_max, 0);
        CHECK(rig.start().error() == Errc::not_found);
    }
    SECTION("no rest")
    {
        rig.world.lies.arm(model::Lie::generation_never_rests);
        CHECK(rig.start().error() == Errc::device_fault);
    }
    CHECK((rig.mmio.status() & 128) != 0);
}

TEST_CASE("a driver needs its memory, and a block device", "[libvirtio][blk]")
{
    BlkRig rig;
    SECTION("too little")
    {
        rig.memory.size = Bytes{rig.memory.size.raw() - 1};
        CHECK(rig.start().error() == Errc::no_space);
    }
    SECTION("not even the rings")
    {
        rig.memory.size = Bytes{4096};
        CHECK(rig.start().error() == Errc::no_space);
    }
    SECTION("enough is enough") { CHECK(rig.start().has_value()); }
    SECTION("something else")
    {
        model::Entropy entropy{rig.world};
        model::Mmio mmio{entropy, rig.world};
        auto device = Device<model::Mmio>::probe(mmio).value();
        CHECK(rig.driver.start(device, rig.memory).error() == Errc::wrong_kind);
    }
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("before start and after a failed one nothing goes in", "[libvirtio][blk]")
{
    BlkRig rig;
    CHECK_FALSE(rig.driver.take().has_value());
    CHECK_FALSE(rig.driver.kick());
    CHECK_FALSE(rig.driver.arm());
    CHECK(rig.driver.identify(1).error() == Errc::device_fault);
    CHECK(rig.driver.flush(1).error() == Errc::device_fault);
    rig.world.lies.arm(model::Lie::needs_reset_at_start, 0, 1);
    CHECK(rig.start().error() == Errc::device_fault);
    CHECK(rig.read(1, 0, rig.run(0)).error() == Errc::device_fault);
    CHECK_FALSE(rig.driver.take().has_value());
    CHECK(rig.driver.recover([](u64) { FAIL(); }).has_value());
    REQUIRE(rig.read(1, 0, rig.run(0)).has_value());
    CHECK(rig.only_done().tag == 1);
}

TEST_CASE("a size that makes no sense is refused", "[libvirtio][blk][hostile][LD20]")
{
    BlkRig rig{{.version = GENERATE(1u, 2u)}};
    rig.disk.set_config32(20,
                          GENERATE(0u, 1u, 256u, 513u, 1536u, 4u << 20, 1u << 31, 0xffff'ffffu));
    CHECK(rig.start().error() == Errc::not_supported);
    CHECK((rig.mmio.status() & 128) != 0);
    CHECK(rig.read(1, 0, rig.run(0)).error() == Errc::device_fault);
}

TEST_CASE("absurd limits are clamped", "[libvirtio][blk][hostile][LD20]")
{
    BlkRig rig{{}, {.physical_exponent = 255, .seg_max = GENERATE(0u, 0xffff'ffffu)}};
    rig.disk.set_capacity(~u64{0});
    REQUIRE(rig.start().has_value());
    const auto& info = rig.driver.info();
    CHECK(info.capacity.raw() == ~u64{0} / 512);
    CHECK(info.physical_bytes == 512);
    CHECK((info.max_runs == 1 || info.max_runs == 64));
    CHECK(rig.read(1, ~u64{0}, rig.run(0)).error() == Errc::out_of_range);
    CHECK(rig.read(1, ~u64{0} - 7, rig.run(0)).error() == Errc::out_of_range);
    CHECK(rig.read(1, info.capacity.raw() - 7, rig.run(0)).error() == Errc::out_of_range);
}

TEST_CASE("requests are checked against the capacity of now", "[libvirtio][blk][hostile][LD19]")
{
    BlkRig rig{{.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.start().has_value());
    REQUIRE(rig.read(1, 1000, rig.run(0)).has_value());
    CHECK(rig.only_done().outcome == vblk::Outcome::ok);
    (void)rig.device.acknowledge();
    rig.disk.set_capacity(100);
    rig.mmio.change_config();
    CHECK(rig.device.acknowledge().config_change);
    REQUIRE(rig.driver.refresh().has_value());
    CHECK(rig.driver.info().capacity == vblk::Sector{100});
    CHECK(rig.driver.info().max_runs == 64);
    CHECK(rig.read(1, 1000, rig.run(0)).error() == Errc::out_of_range);
    CHECK(rig.read(1, 93, rig.run(0)).error() == Errc::out_of_range);
    CHECK(rig.read(1, 92, rig.run(0)).has_value());
}
