// tests/host/libvirtio/blk_drain_test.cpp - taking all that came at once, and asking for the next
// interrupt: the same as one at a time, whatever the requests and the device are.
#include "rig.hpp"

#include <map>
#include <set>

using namespace virtio;
using model::Lie;
namespace vblk = virtio::blk;

namespace {

constexpr model::BlkOptions all_kinds{.max_write_zeroes = 8};

// One request of each kind, by tag: what the usual way has, and what it has not.
Result<> ask(BlkRig& rig, u64 tag)
{
    const std::array two{rig.run(0, 512), rig.run(1, 512)};
    switch (tag % 7) {
    case 0:
        return rig.read(tag, tag, rig.run(2, 512));
    case 1:
        return rig.write(tag, tag, rig.run(3, 512));
    case 2:
        return rig.driver.flush(tag);
    case 3:
        return rig.driver.read(tag, vblk::Sector{tag}, two);
    case 4:
        return rig.driver.identify(tag);
    case 5:
        return rig.driver.write_zeroes(tag, vblk::Sector{tag}, 1, false);
    default:
        return rig.read(tag, 8 * tag, rig.run(4));
    }
}

struct Told {
    Result<u64> drained = 0;
    std::map<u64, vblk::Done> all;
};

Told drain(BlkRig& rig)
{
    Told told;
    told.drained = rig.driver.drain(5, [&](u64 sum, const vblk::Done& done) {
        CHECK(told.all.insert({done.tag, done}).second);
        return sum + 1;
    });
    if (told.drained)
        CHECK(*told.drained == 5 + told.all.size());
    return told;
}

}  // namespace

TEST_CASE("all that came is told of at once, each request with its own fate",
          "[libvirtio][blk][V19][LD24]")
{
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    BlkRig rig{offered, all_kinds};
    rig.disk.hold = true;
    REQUIRE(rig.start().has_value());
    rig.disk.bad_sectors.insert(0);
    rig.disk.bad_sectors.insert(22);
    u32 random = 1;
    for (int round = 0; round < 50; ++round) {
        u64 tag = 0;
        while (tag < 100 && ask(rig, tag))
            ++tag;
        REQUIRE(tag > 14);
        (void)rig.driver.kick();
        std::map<u64, vblk::Done> all;
        while (rig.disk.held() != 0) {
            rig.mmio.act([&](auto& queue) {
                for (u32 n = 0; n < 5 && rig.disk.held() != 0; ++n) {
                    random = random * 1664525 + 1013904223;
                    rig.disk.finish(queue, (random >> 8) % rig.disk.held());
                }
            });
            Told told = drain(rig);
            REQUIRE(told.drained.has_value());
            all.merge(told.all);
            REQUIRE(told.all.empty());  // nothing twice
        }
        REQUIRE(all.size() == tag);
        for (const auto& [one, done] : all) {
            const bool bad = one == 0 || one == 22;
            CHECK(done.outcome == (bad ? vblk::Outcome::io_error : vblk::Outcome::ok));
            CHECK((one % 7 != 6 || done.bytes == 4096));
        }
        REQUIRE(rig.driver.in_flight() == 0);
    }
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("after all was taken the next request interrupts, without being asked again",
          "[libvirtio][blk]")
{
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    BlkRig rig{offered, all_kinds};
    REQUIRE(rig.start().has_value());
    REQUIRE(drain(rig).all.empty());
    for (u32 i = 1; i <= 100; ++i) {
        REQUIRE(rig.read(i, 0, rig.run(0)).has_value());
        REQUIRE(rig.driver.kick());
        REQUIRE(rig.mmio.interrupts == i);
        REQUIRE(rig.device.acknowledge().used_buffer);
        REQUIRE(drain(rig).all.size() == 1);
    }
}

TEST_CASE("what comes meanwhile is told of too, and what is asked for goes out", "[libvirtio][blk]")
{
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    BlkRig rig{offered, all_kinds};
    REQUIRE(rig.start().has_value());
    REQUIRE(rig.read(0, 0, rig.run(0)).has_value());
    (void)rig.driver.kick();
    const auto sum = rig.driver.drain(0, [&](u64 so_far, const vblk::Done& done) {
        CHECK((done.tag == so_far && done.outcome == vblk::Outcome::ok));
        if (so_far < 99) {
            CHECK(ask(rig, so_far + 1).has_value());
            (void)rig.driver.kick();  // the device answers at once
        }
        return so_far + 1;
    });
    CHECK(sum.value() == 100);
    CHECK(rig.driver.in_flight() == 0);
}

TEST_CASE("one at a time and all at once can be mixed", "[libvirtio][blk]")
{
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    BlkRig rig{offered, all_kinds};
    REQUIRE(rig.start().has_value());
    for (u64 round = 0; round < 20; ++round) {
        for (u64 i = 0; i < 8; ++i)
            REQUIRE(rig.read(i, 0, rig.run(0)).has_value());
        (void)rig.driver.kick();
        if (round % 2 == 0)
            CHECK(rig.driver.arm());
        std::set<u64> tags{got(rig.driver.take()).value().tag, got(rig.driver.take()).value().tag};
        for (const auto& [tag, done] : drain(rig).all)
            CHECK(tags.insert(tag).second);
        CHECK(tags.size() == 8);
        CHECK_FALSE(rig.driver.take().has_value());
        CHECK_FALSE(rig.driver.arm());
    }
}

TEST_CASE("a lie ends the draining, and all that was not told of is lost by the reset",
          "[libvirtio][blk][hostile][LD1][LD2][LD3][LD5]")
{
    const auto offered = GENERATE(from_range(every_device()));
    const Lie lie = GENERATE(Lie::id_out_of_range, Lie::id_not_given, Lie::used_twice,
                             Lie::length_over_total, Lie::length_huge, Lie::index_jumps);
    const u32 honest = GENERATE(0u, 3u);
    INFO(shown(offered) << ", lie " << static_cast<int>(lie) << " after " << honest);
    BlkRig rig{offered, all_kinds};
    rig.disk.hold = true;
    REQUIRE(rig.start().has_value());
    for (u64 tag = 0; tag < 14; ++tag)
        REQUIRE(ask(rig, tag).has_value());
    (void)rig.driver.kick();
    // A packed ring has no index: what seems to jump returns all that is in flight.
    rig.world.lies.arm(offered.packed && lie == Lie::index_jumps ? Lie::length_huge : lie, 300, 1,
                       honest);
    Told told;
    while (told.drained && rig.disk.held() != 0) {
        rig.mmio.act([&](auto& queue) { rig.disk.finish(queue, 0); });
        Told more = drain(rig);
        told.drained = more.drained;
        told.all.merge(more.all);
    }
    REQUIRE_FALSE(told.drained.has_value());
    CHECK(told.drained.error() == Errc::device_fault);
    CHECK(rig.driver.broken());
    CHECK(rig.read(1, 0, rig.run(0)).error() == Errc::device_fault);
    CHECK(rig.driver.flush(1).error() == Errc::device_fault);
    CHECK(drain(rig).all.empty());  // told once

    std::set<u64> lost;
    REQUIRE(rig.driver.recover([&](u64 tag) { CHECK(lost.insert(tag).second); }).has_value());
    for (const auto& [tag, done] : told.all)
        CHECK(lost.insert(tag).second);
    CHECK(lost.size() == 14);
    rig.disk.hold = false;
    REQUIRE(rig.read(7, 0, rig.run(0)).has_value());
    (void)rig.driver.kick();
    CHECK(drain(rig).all.size() == 1);
}

TEST_CASE("no success is told of without the device's word for it",
          "[libvirtio][blk][hostile][LD4][LD10]")
{
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    const Lie lie = GENERATE(Lie::status_byte, Lie::status_missing, Lie::length_short);
    BlkRig rig{offered, all_kinds};
    REQUIRE(rig.start().has_value());
    for (u64 tag = 0; tag < 10; ++tag)
        REQUIRE(rig.read(tag, 0, rig.run(0)).has_value());
    (void)rig.driver.kick();
    CHECK(drain(rig).all.size() == 10);  // each leaves a good answer behind in its slot
    rig.world.lies.arm(lie, 0x7f, 1, 4);
    for (u64 tag = 0; tag < 10; ++tag)
        REQUIRE(rig.read(tag, 0, rig.run(0)).has_value());
    (void)rig.driver.kick();
    const bool told_by_length = lie == Lie::length_short && offered.version == 1;
    for (const auto& [tag, done] : drain(rig).all) {
        const bool bad = tag == 4 && !told_by_length;
        CHECK(done.outcome == (bad ? vblk::Outcome::device_fault : vblk::Outcome::ok));
        CHECK(done.bytes == (bad ? 0 : 4096));
    }
    CHECK_FALSE(rig.driver.broken());
}
