// tests/host/libvirtio/blk_requests_test.cpp - requests to an honest block device.
#include "rig.hpp"

#include <algorithm>
#include <set>

using namespace virtio;
namespace vblk = virtio::blk;

namespace {

void fill(u8* bytes, u32 count, u32 seed)
{
    for (u32 i = 0; i < count; ++i)
        bytes[i] = static_cast<u8>(seed + i * 7 + i / 256);
}

}  // namespace

TEST_CASE("what was written is read again", "[libvirtio][blk]")
{
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    BlkRig rig{offered};
    REQUIRE(rig.start().has_value());
    fill(rig.bytes(0), 4096, 1);
    REQUIRE(rig.write(11, 8, rig.run(0)).has_value());
    auto done = rig.only_done();
    CHECK((done.tag == 11 && done.outcome == vblk::Outcome::ok && done.bytes == 4096));
    CHECK(std::equal(rig.bytes(0), rig.bytes(1), rig.disk.medium.data() + usize{8} * 512));
    REQUIRE(rig.read(12, 8, rig.run(1)).has_value());
    done = rig.only_done();
    CHECK((done.tag == 12 && done.outcome == vblk::Outcome::ok && done.bytes == 4096));
    CHECK(std::equal(rig.bytes(0), rig.bytes(1), rig.bytes(1)));
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("the last sector can be had, and the one after it not", "[libvirtio][blk]")
{
    BlkRig rig{{}, {.sectors = 9}};
    REQUIRE(rig.start().has_value());
    REQUIRE(rig.read(1, 8, rig.run(0, 512)).has_value());
    CHECK(rig.only_done().outcome == vblk::Outcome::ok);
    CHECK(rig.read(1, 9, rig.run(0, 512)).error() == Errc::out_of_range);
    CHECK(rig.read(1, 8, rig.run(0, 1024)).error() == Errc::out_of_range);
    CHECK(rig.read(1, 10, rig.run(0, 512)).error() == Errc::out_of_range);
}

TEST_CASE("one request may name several runs of memory", "[libvirtio][blk]")
{
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    BlkRig rig{offered};
    REQUIRE(rig.start().has_value());
    const u32 count = GENERATE(2u, 3u, 17u, 64u);
    std::vector<vblk::Run> runs;
    for (u32 i = 0; i < count; ++i) {
        fill(rig.bytes(2 * i), 512 + 512 * (i % 2), i);
        runs.push_back(rig.run(2 * i, 512 + 512 * (i % 2)));
    }
    for (int round = 0; round < 5; ++round) {  // the pool gets them all back each time
        REQUIRE(rig.driver.write(1, vblk::Sector{16}, runs).has_value());
        REQUIRE(rig.only_done().outcome == vblk::Outcome::ok);
    }
    const u8* at = rig.disk.medium.data() + usize{16} * 512;
    for (u32 i = 0; i < count; ++i) {
        CHECK(std::equal(at, at + runs[i].length, rig.bytes(2 * i)));
        at += runs[i].length;
        std::fill_n(rig.bytes(2 * i), runs[i].length, u8{0});
    }
    REQUIRE(rig.driver.read(2, vblk::Sector{16}, runs).has_value());
    const auto done = rig.only_done();
    CHECK(done.outcome == vblk::Outcome::ok);
    CHECK(done.bytes == static_cast<u32>(at - rig.disk.medium.data()) - usize{16} * 512);
    at = rig.disk.medium.data() + usize{16} * 512;
    for (u32 i = 0; i < count; ++i) {
        CHECK(std::equal(at, at + runs[i].length, rig.bytes(2 * i)));
        at += runs[i].length;
    }
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("without tables a pool bounds the runs in flight, and says so", "[libvirtio][blk]")
{
    BlkRig rig{{.indirect = false, .packed = GENERATE(false, true)}};
    rig.disk.hold = true;
    REQUIRE(rig.start().has_value());
    const std::vector<vblk::Run> runs(33, rig.run(0, 512));
    REQUIRE(rig.driver.read(1, vblk::Sector{0}, runs).has_value());
    REQUIRE(rig.driver.read(2, vblk::Sector{0}, runs).has_value());
    CHECK(rig.driver.room(1));
    CHECK_FALSE(rig.driver.room(2));
    REQUIRE(rig.driver.flush(3).has_value());  // has no runs, and gives nobody one
    CHECK_FALSE(rig.driver.room(2));
    CHECK(rig.driver.read(3, vblk::Sector{0}, runs).error() == Errc::would_block);
    for (u64 tag = 4; rig.driver.room(1); ++tag)
        REQUIRE(rig.read(tag, 0, rig.run(0)).has_value());
    CHECK(rig.driver.in_flight() == 64);
    (void)rig.driver.kick();
    rig.mmio.act([&](model::Queue& queue) { rig.disk.finish(queue, 1); });
    CHECK(got(rig.driver.take()).value().tag == 2);
    CHECK(rig.driver.room(33));
    CHECK_FALSE(rig.driver.room(34));
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("with tables all slots have requests of 64 runs in flight, one entry each",
          "[libvirtio][blk][V11]")
{
    BlkRig rig{{.packed = GENERATE(false, true)}};
    rig.disk.hold = true;
    REQUIRE(rig.start({.queue_size = 256, .slots = 64, .runs = 64}).has_value());
    REQUIRE(rig.driver.info().max_runs == 64);
    const std::vector<vblk::Run> runs(64, rig.run(0, 512));
    for (u64 tag = 0; tag < 64; ++tag)
        REQUIRE(rig.driver.read(tag, vblk::Sector{tag}, runs).has_value());
    CHECK(rig.driver.kick());
    rig.mmio.act([&](model::Queue& queue) {
        REQUIRE(rig.disk.held() == 64);
        while (rig.disk.held() != 0)
            rig.disk.finish(queue, rig.disk.held() / 2);
        CHECK(queue.used_idx() == 64);
    });
    u64 tags = 0;
    while (const auto done = rig.driver.take()) {
        CHECK((done->value().outcome == vblk::Outcome::ok && (*done)->bytes == 64 * 512));
        tags += (*done)->tag;
    }
    CHECK(tags == 63 * 64 / 2);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("requests that can't be are refused before the device sees them", "[libvirtio][blk]")
{
    BlkRig rig{{}, {.block_bytes = 4096, .seg_max = 3}};
    REQUIRE(rig.start().has_value());
    const auto read = [&](u64 sector, std::vector<vblk::Run> runs) {
        return rig.driver.read(1, vblk::Sector{sector}, runs).error();
    };
    CHECK(read(0, {}) == Errc::bad_argument);
    CHECK(read(0, {rig.run(0, 0)}) == Errc::bad_argument);
    CHECK(read(0, {rig.run(0), rig.run(1, 0)}) == Errc::bad_argument);
    CHECK(read(0, {rig.run(0, 512)}) == Errc::bad_argument);
    CHECK(read(1, {rig.run(0)}) == Errc::bad_argument);
    CHECK(read(0, {rig.run(0, 4095)}) == Errc::bad_argument);
    CHECK(read(0, {rig.run(0), rig.run(1, 512)}) == Errc::bad_argument);
    CHECK(read(0, {rig.run(0, 0xffff'f000)}) == Errc::out_of_range);
    CHECK(read(0, {rig.run(0, 0xffff'f000), rig.run(0, 4096)}) == Errc::too_big);
    CHECK(read(0, {4, rig.run(0)}) == Errc::too_big);
    CHECK(read(2048, {rig.run(0)}) == Errc::out_of_range);
    CHECK(read(~u64{0} - 7, {rig.run(0)}) == Errc::out_of_range);
    CHECK(rig.driver.in_flight() == 0);
    CHECK_FALSE(rig.driver.kick());
    CHECK(rig.driver.read(1, vblk::Sector{8}, std::array{rig.run(0), rig.run(1), rig.run(2)})
              .has_value());
    CHECK(rig.only_done().bytes == 3 * 4096);
}

TEST_CASE("all slots in flight come back in any order, each with its own fate",
          "[libvirtio][blk][LD24]")
{
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    BlkRig rig{offered};
    rig.disk.hold = true;
    REQUIRE(rig.start().has_value());
    for (u32 i = 0; i < 2048; ++i)
        fill(rig.disk.medium.data() + usize{i} * 512, 512, i);
    for (u64 sector = 0; sector < 64; sector += 5)
        rig.disk.bad_sectors.insert(sector);

    u32 random = 7;
    for (int round = 0; round < 20; ++round) {
        for (u32 i = 0; i < 64; ++i)
            REQUIRE(rig.read(1000 + i, i, rig.run(i, 512)).has_value());
        CHECK(rig.read(1, 0, rig.run(0)).error() == Errc::would_block);
        CHECK(rig.driver.identify(1).error() == Errc::would_block);
        CHECK(rig.driver.flush(1).error() == Errc::would_block);
        CHECK(rig.driver.in_flight() == 64);
        CHECK(rig.driver.kick());
        std::set<u64> tags;
        while (rig.disk.held() != 0) {
            random = random * 1664525 + 1013904223;
            rig.mmio.act(
                [&](auto& queue) { rig.disk.finish(queue, (random >> 8) % rig.disk.held()); });
            const auto done = got(rig.driver.take()).value();
            const auto i = static_cast<u32>(done.tag - 1000);
            REQUIRE(tags.insert(done.tag).second);
            const bool bad = i % 5 == 0;
            REQUIRE(done.outcome == (bad ? vblk::Outcome::io_error : vblk::Outcome::ok));
            REQUIRE(done.bytes == (bad ? 0 : 512));
            REQUIRE((bad
                     || std::equal(rig.bytes(i), rig.bytes(i) + 512,
                                   rig.disk.medium.data() + usize{i} * 512)));
        }
        REQUIRE(tags.size() == 64);
        REQUIRE(rig.driver.in_flight() == 0);
    }
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a flush reaches the device, between other requests", "[libvirtio][blk]")
{
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    BlkRig rig{offered};
    REQUIRE(rig.start().has_value());
    for (u64 i = 0; i < 200; ++i) {
        REQUIRE(rig.write(1, i, rig.run(0, 512)).has_value());
        CHECK(rig.only_done().bytes == 512);
        CHECK(rig.disk.unflushed_writes == 1);
        REQUIRE(rig.driver.flush(2).has_value());
        const auto done = rig.only_done();
        CHECK((done.tag == 2 && done.outcome == vblk::Outcome::ok && done.bytes == 0));
        CHECK(rig.disk.unflushed_writes == 0);
    }
    CHECK(rig.disk.flushes == 200);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a device tells its serial", "[libvirtio][blk]")
{
    const std::string serial = GENERATE("", "vireo-disk0", "exactly-twenty-chars");
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    BlkRig rig{offered, {.serial = serial}};
    REQUIRE(rig.start().has_value());
    REQUIRE(rig.driver.identify(5).has_value());
    CHECK(rig.only_done().outcome == vblk::Outcome::ok);
    const auto& told = rig.driver.serial();
    CHECK(std::string(told.data(), strnlen(told.data(), told.size())) == serial);
    const auto kept = told;
    const auto at = BlkRig::Driver::memory_bytes().raw() - kept.size();
    std::memset(rig.memory.memory + at, 'x', kept.size());  // the device may change it later
    REQUIRE(rig.driver.flush(6).has_value());
    CHECK(rig.only_done().outcome == vblk::Outcome::ok);
    CHECK(rig.driver.serial() == kept);
    REQUIRE(rig.read(1, 0, rig.run(0)).has_value());  // the slot is as it was
    CHECK(rig.only_done().outcome == vblk::Outcome::ok);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a batch of 32 costs one notification and one interrupt", "[libvirtio][blk][V19]")
{
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    BlkRig rig{offered};
    REQUIRE(rig.start().has_value());
    // 70,400 requests: past the wrap, of which the transport knows nothing.
    const u32 rounds = offered.version == 2 ? 2200 : 50;
    u32 wrong = 0;
    for (u32 round = 0; round < rounds; ++round) {
        wrong += rig.driver.arm() ? 1 : 0;
        for (u32 i = 0; i < 32; ++i)
            wrong += rig.read(i, u64{8} * i, rig.run(i, 512)) ? 0 : 1;
        wrong += rig.driver.kick() && rig.device.acknowledge().used_buffer ? 0 : 1;
        u32 count = 0;
        while (const auto done = rig.driver.take())
            count += done->value().outcome == vblk::Outcome::ok ? 1 : 0;
        wrong += count == 32 ? 0 : 1;
    }
    CHECK(wrong == 0);
    CHECK(rig.mmio.notifies == rounds);
    CHECK(rig.mmio.interrupts == rounds);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("header and status byte have descriptors of their own", "[libvirtio][blk]")
{
    auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    offered.automatic = false;
    BlkRig rig{offered};
    REQUIRE(rig.start().has_value());
    const std::array two{rig.run(0), rig.run(2)};
    REQUIRE(rig.read(1, 0, rig.run(0)).has_value());
    REQUIRE(rig.driver.write(2, vblk::Sector{8}, two).has_value());
    REQUIRE(rig.driver.flush(3).has_value());
    REQUIRE(rig.driver.identify(4).has_value());
    CHECK(rig.driver.kick());
    for (const usize pieces : {3u, 4u, 2u, 3u})
        rig.mmio.act([pieces](model::Queue& queue) {
            const auto chain = got(queue.pop());
            CHECK(chain.pieces.size() == pieces);
            CHECK((chain.pieces.front().length == 16 && !chain.pieces.front().writable));
            CHECK((chain.pieces.back().length == 1 && chain.pieces.back().writable));
        });
    CHECK(kept_the_rules(rig.world));
}
