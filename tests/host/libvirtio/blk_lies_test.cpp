// tests/host/libvirtio/blk_lies_test.cpp - a block device that lies: the request fails, or the
// device is reset; the driver goes on.
#include "rig.hpp"

#include <set>

using namespace virtio;
using model::Lie;
namespace vblk = virtio::blk;

TEST_CASE("a status that the specification does not know is no success",
          "[libvirtio][blk][hostile][LD10]")
{
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    BlkRig rig{offered};
    REQUIRE(rig.start().has_value());
    rig.world.lies.arm(Lie::status_byte, GENERATE(u64{3}, u64{0x7f}, u64{0xff}), 1);
    REQUIRE(rig.read(1, 0, rig.run(0)).has_value());
    const auto done = rig.only_done();
    CHECK((done.outcome == vblk::Outcome::device_fault && done.bytes == 0));
    CHECK_FALSE(rig.driver.broken());
    REQUIRE(rig.read(2, 0, rig.run(0)).has_value());
    CHECK(rig.only_done().outcome == vblk::Outcome::ok);
}

TEST_CASE("an answer that the device never wrote is no success", "[libvirtio][blk][hostile][LD4]")
{
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    BlkRig rig{offered};
    REQUIRE(rig.start().has_value());
    REQUIRE(rig.read(1, 0, rig.run(0)).has_value());  // leaves a zero status behind in the slot
    CHECK(rig.only_done().outcome == vblk::Outcome::ok);
    rig.world.lies.arm(Lie::status_missing, 0, 1);
    REQUIRE(rig.read(2, 0, rig.run(0)).has_value());
    CHECK(rig.only_done().outcome == vblk::Outcome::device_fault);
}

TEST_CASE("a success that says it wrote less than the status is none",
          "[libvirtio][blk][hostile][LD4]")
{
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    BlkRig rig{offered};
    REQUIRE(rig.start().has_value());
    rig.world.lies.arm(Lie::length_short, GENERATE(u64{0}, u64{1}, u64{4096}), 1);
    REQUIRE(rig.read(1, 0, rig.run(0)).has_value());
    // The lengths of version 1 devices mean nothing; the preset status is what counts there.
    CHECK(rig.only_done().outcome
          == (offered.version == 1 ? vblk::Outcome::ok : vblk::Outcome::device_fault));
}

TEST_CASE("an error is an error, however few bytes it counts", "[libvirtio][blk][hostile]")
{
    BlkRig rig;
    REQUIRE(rig.start().has_value());
    rig.disk.bad_sectors.insert(0);
    rig.world.lies.arm(Lie::length_short, 0, 1);
    REQUIRE(rig.read(1, 0, rig.run(0)).has_value());
    CHECK(rig.only_done().outcome == vblk::Outcome::io_error);
}

TEST_CASE("devices that count all bytes of the chain work", "[libvirtio][blk][hostile][LD3]")
{
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    BlkRig rig{offered, {.legacy_lengths = true}};
    REQUIRE(rig.start().has_value());
    REQUIRE(rig.write(1, 0, rig.run(0)).has_value());
    CHECK(rig.only_done().outcome == vblk::Outcome::ok);
    REQUIRE(rig.read(1, 0, rig.run(0)).has_value());
    CHECK(rig.only_done().bytes == 4096);
}

TEST_CASE("an unknown request is said to be unsupported", "[libvirtio][blk][hostile]")
{
    BlkRig rig;
    REQUIRE(rig.start().has_value());
    rig.world.lies.arm(Lie::status_byte, 2, 1);
    REQUIRE(rig.driver.identify(1).has_value());
    CHECK(rig.only_done().outcome == vblk::Outcome::unsupported);
    CHECK(rig.driver.serial() == vblk::Serial{});  // a refused serial is not kept
}

TEST_CASE("after a lie the device is reset and every request in flight is named",
          "[libvirtio][blk][hostile][LD1][LD2][LD3][LD5]")
{
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    BlkRig rig{offered};
    rig.disk.hold = true;
    REQUIRE(rig.start().has_value());
    const std::vector<vblk::Run> two{rig.run(0, 512), rig.run(1, 512)};
    REQUIRE(rig.read(1, 0, rig.run(0)).has_value());
    REQUIRE(rig.driver.flush(2).has_value());
    REQUIRE(rig.driver.read(3, vblk::Sector{0}, two).has_value());
    REQUIRE(rig.write(4, 0, rig.run(2)).has_value());
    (void)rig.driver.kick();
    rig.mmio.act([&](auto& queue) { rig.disk.finish(queue, 0); });
    CHECK(got(rig.driver.take()).value().tag == 1);

    const Lie lie =
        GENERATE(Lie::id_out_of_range, Lie::id_not_given, Lie::length_over_total, Lie::index_jumps);
    // A packed ring has no index: what seems to jump returns all that is in flight.
    rig.world.lies.arm(offered.packed && lie == Lie::index_jumps ? Lie::length_huge : lie, 300, 1);
    rig.mmio.act([&](auto& queue) { rig.disk.finish(queue, 1); });
    CHECK(got(rig.driver.take()).error() == Errc::device_fault);
    CHECK(rig.driver.broken());
    CHECK(rig.read(5, 0, rig.run(0)).error() == Errc::device_fault);
    CHECK(rig.driver.flush(5).error() == Errc::device_fault);

    std::set<u64> lost;
    REQUIRE(rig.driver.recover([&](u64 tag) { CHECK(lost.insert(tag).second); }).has_value());
    CHECK(lost == std::set<u64>{2, 3, 4});
    rig.disk.hold = false;
    CHECK(rig.driver.in_flight() == 0);
    CHECK(rig.driver.room(33));
    for (u64 i = 0; i < 100; ++i) {
        REQUIRE(rig.read(100 + i, i, rig.run(0)).has_value());
        REQUIRE(rig.only_done().tag == 100 + i);
    }
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("no completion of before a reset is taken for one of after it",
          "[libvirtio][blk][hostile][LD24]")
{
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    BlkRig rig{offered};
    rig.disk.hold = true;
    REQUIRE(rig.start().has_value());
    REQUIRE(rig.read(1, 0, rig.run(0)).has_value());
    (void)rig.driver.kick();
    REQUIRE(rig.driver.recover([](u64) {}).has_value());
    rig.mmio.act([](auto& queue) {  // the old one, although nothing is outstanding
        queue.write_used(0, 4097);
        queue.publish(1);
    });
    CHECK(got(rig.driver.take()).error() == Errc::device_fault);
    CHECK(rig.driver.fault() == Fault::index_jump);
}

TEST_CASE("NEEDS_RESET is noticed, and the reset answers all requests",
          "[libvirtio][blk][hostile][LD12]")
{
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    BlkRig rig{offered};
    rig.disk.hold = true;
    REQUIRE(rig.start().has_value());
    for (u64 tag = 1; tag <= 3; ++tag)
        REQUIRE(rig.read(tag, 0, rig.run(0)).has_value());
    (void)rig.driver.kick();
    rig.mmio.needs_reset();
    CHECK(rig.device.acknowledge().needs_reset);
    u64 sum = 0;
    REQUIRE(rig.driver.recover([&](u64 tag) { sum += tag; }).has_value());
    CHECK(sum == 6);
    CHECK_FALSE(rig.device.needs_reset());
}

TEST_CASE("while a reset is not confirmed all memory stays the device's",
          "[libvirtio][blk][hostile][LD13]")
{
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    BlkRig rig{offered};
    rig.disk.hold = true;
    REQUIRE(rig.start().has_value());
    REQUIRE(rig.read(1, 0, rig.run(0)).has_value());
    (void)rig.driver.kick();
    rig.world.lies.arm(Lie::reset_never_ends);
    int lost = 0;
    CHECK(rig.driver.recover([&](u64) { ++lost; }).error() == Errc::timed_out);
    CHECK(lost == 0);
    CHECK(rig.driver.in_flight() == 1);
    rig.world.lies.disarm(Lie::reset_never_ends);
    CHECK(rig.driver.recover([&](u64) { ++lost; }).has_value());
    CHECK(lost == 1);
}

TEST_CASE("a device that will not come up again loses each request once",
          "[libvirtio][blk][hostile]")
{
    BlkRig rig;
    rig.disk.hold = true;
    REQUIRE(rig.start().has_value());
    REQUIRE(rig.read(1, 0, rig.run(0)).has_value());
    (void)rig.driver.kick();
    rig.world.lies.arm(Lie::features_ok_refused, 0, 1);
    int lost = 0;
    CHECK(rig.driver.recover([&](u64) { ++lost; }).error() == Errc::not_supported);
    CHECK(lost == 1);
    CHECK_FALSE(rig.driver.take().has_value());
    CHECK(rig.read(2, 0, rig.run(0)).error() == Errc::device_fault);
    CHECK(rig.driver.recover([&](u64) { ++lost; }).has_value());
    CHECK(lost == 1);
}

TEST_CASE("a request that is never answered keeps its slot, and the others go on",
          "[libvirtio][blk][hostile][LD23]")
{
    BlkRig rig;
    REQUIRE(rig.start().has_value());
    rig.world.lies.arm(Lie::answers_nothing, 0, 1);
    REQUIRE(rig.read(1, 0, rig.run(0)).has_value());
    (void)rig.driver.kick();
    for (u64 i = 0; i < 500; ++i) {
        REQUIRE(rig.read(100 + i, 0, rig.run(1)).has_value());
        REQUIRE(rig.only_done().tag == 100 + i);
        REQUIRE(rig.driver.in_flight() == 1);
    }
    rig.mmio.act([&](auto& queue) { rig.disk.finish(queue, 0); });  // at last
    CHECK(got(rig.driver.take()).value().tag == 1);
    CHECK(rig.driver.in_flight() == 0);
}

TEST_CASE("what the device scribbles into its own chains harms no other request",
          "[libvirtio][blk][hostile][LD7]")
{
    BlkRig rig;
    REQUIRE(rig.start().has_value());
    rig.world.lies.arm(Lie::scribbles, 0, 1);
    REQUIRE(rig.read(1, 0, rig.run(0)).has_value());
    CHECK(rig.only_done().tag == 1);
    // Its next look finds rubbish where the slot's header was laid out: that is its own fault, it
    // stops by itself, and after the reset everything is laid out again.
    REQUIRE(rig.read(2, 0, rig.run(0)).has_value());
    (void)rig.driver.kick();
    CHECK_FALSE(rig.driver.take().has_value());
    CHECK(rig.device.acknowledge().needs_reset);
    rig.world.complaints.clear();
    REQUIRE(rig.driver.recover([](u64 tag) { CHECK(tag == 2); }).has_value());
    REQUIRE(rig.read(3, 0, rig.run(0)).has_value());
    CHECK(rig.only_done().outcome == vblk::Outcome::ok);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("an interrupt for nothing finds nothing", "[libvirtio][blk][hostile][LD21]")
{
    BlkRig rig{GENERATE(from_range(every_device()))};
    REQUIRE(rig.start().has_value());
    for (u64 tag = 0; tag < 100; ++tag) {
        rig.mmio.raise(1);
        CHECK(rig.device.acknowledge().used_buffer);
        CHECK_FALSE(rig.driver.take().has_value());
        REQUIRE(rig.read(tag, 0, rig.run(0)).has_value());
        CHECK(rig.only_done().tag == tag);
        (void)rig.device.acknowledge();
    }
    CHECK(kept_the_rules(rig.world));
}
