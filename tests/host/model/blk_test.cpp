// tests/host/model/blk_test.cpp - the block device and the entropy device, driven by hand.
#include "hand.hpp"

#include <cstdio>
#include <fstream>

#include <model/blk.hpp>
#include <model/entropy.hpp>

#include <unistd.h>

namespace {

using model::Lie;

constexpr u64 bit(unsigned n) { return u64{1} << n; }
constexpr u64 flush = bit(9);
constexpr u64 config_wce = bit(11);
constexpr u64 discard = bit(13);
constexpr u64 write_zeroes = bit(14);

constexpr u8 ok = 0;
constexpr u8 io_error = 1;
constexpr u8 unsupported = 2;

struct BlkHand {
    explicit BlkHand(u64 features = flush, model::BlkOptions options = {}, bool packed = false)
        : blk{world, std::move(options)}, hand{world, blk, {.packed = packed}}
    {
        hand.start(features | (packed ? ring_packed : 0),
                   std::vector<HandQueue::Options>(blk.queues()));
    }

    // The status of a request; 0xff: none was written.
    u8 ask(u32 type, u64 sector, const std::vector<model::Piece>& data, u16 queue = 0)
    {
        std::vector<model::Piece> chain{hand.reads(Fields{}.put(type).put(u32{0}).put(sector))};
        chain.insert(chain.end(), data.begin(), data.end());
        const auto status = hand.writes(1);
        *world.memory.at(status.address, 1) = std::byte{0xff};
        chain.push_back(status);
        (void)hand.send(queue, chain);
        REQUIRE(hand.take(queue).has_value());
        return hand.value<u8>(status);
    }
    u8 write(u64 sector, u8 byte, u32 bytes = 512)
    {
        return ask(1, sector, {hand.reads(std::vector<u8>(bytes, byte))});
    }
    u8 change(u32 type, u64 sector, u32 sectors, u32 flags = 0)
    {
        return ask(type, 0, {hand.reads(Fields{}.put(sector).put(sectors).put(flags))});
    }

    model::World world;
    model::Blk blk;
    Hand hand;
};

// A file that is gone afterwards.
struct File {
    explicit File(u64 bytes)
    {
        const int descriptor = ::mkstemp(name.data());
        REQUIRE(descriptor >= 0);
        REQUIRE(::ftruncate(descriptor, static_cast<off_t>(bytes)) == 0);
        ::close(descriptor);
    }
    ~File() { std::remove(name.c_str()); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    std::string name = "medium-XXXXXX";
};

}  // namespace

TEST_CASE("a block device keeps what was written", "[model][B5][X6]")
{
    BlkHand rig{flush, {}, GENERATE(false, true)};
    CHECK(rig.write(7, 0x77, 1024) == ok);
    const auto first = rig.hand.writes(100);
    const auto second = rig.hand.writes(412);
    CHECK(rig.ask(0, 8, {first, second}) == ok);
    CHECK(rig.hand.value<u8>(second, 411) == 0x77);
    CHECK(rig.blk.medium[9 * 512] == 0);
    CHECK(rig.write(2048, 1) == io_error);
    CHECK(rig.ask(0, ~u64{0}, {rig.hand.writes(512)}) == io_error);
    CHECK(rig.ask(99, 0, {}) == unsupported);
    CHECK(kept_the_rules(rig.world));
    (void)rig.write(0, 1, 100);
    CHECK(complained(rig.world, "whole sectors"));
}

TEST_CASE("a block device may be a file", "[model][X6]")
{
    const File file{64 * 512};
    {
        BlkHand rig{flush, {.file = file.name}};
        CHECK(rig.hand.mmio.read32(0x100) == 64);
        CHECK(rig.write(63, 0x11) == ok);
        CHECK(rig.write(64, 0x11) == io_error);
        CHECK(kept_the_rules(rig.world));
    }
    std::ifstream in{file.name, std::ios::binary};
    in.seekg(63 * 512 + 511);
    CHECK(in.get() == 0x11);
    CHECK(in.get() == EOF);
    BlkHand none{flush, {.file = "there is no such file"}};
    CHECK(complained(none.world, "cannot be mapped"));
}

TEST_CASE("a cache writes back until it is told otherwise", "[model][B6][B26]")
{
    BlkHand rig{flush | config_wce};
    CHECK(rig.write(0, 1) == ok);
    CHECK(rig.blk.unflushed_writes == 1);
    CHECK(rig.ask(4, 0, {}) == ok);
    CHECK(rig.blk.unflushed_writes == 0);
    rig.hand.mmio.write8(0x120, 0);
    CHECK(rig.write(0, 1) == ok);
    CHECK(rig.blk.unflushed_writes == 0);
    CHECK(kept_the_rules(rig.world));
    CHECK(rig.ask(4, 1, {}) == ok);
    CHECK(complained(rig.world, "flush with a sector"));
    BlkHand without{0};
    CHECK(without.write(0, 1) == ok);
    CHECK(without.blk.unflushed_writes == 0);
    (void)without.ask(4, 0, {});
    CHECK(complained(without.world, "without having accepted it"));
    without.hand.mmio.write8(0x120, 1);
    CHECK(complained(without.world, "read-only"));
}

TEST_CASE("ranges are discarded and zeroed, all or none of a request", "[model][B14][B15]")
{
    BlkHand rig{discard | write_zeroes,
                {.max_discard = 16, .max_write_zeroes = 8, .max_ranges = 2},
                GENERATE(false, true)};
    CHECK(rig.hand.mmio.read32(0x124) == 16);
    CHECK(rig.hand.mmio.read32(0x128) == 2);
    CHECK(rig.hand.mmio.read32(0x130) == 8);
    CHECK(rig.hand.mmio.read8(0x138) == 1);
    CHECK(rig.write(4, 0x44, 4096) == ok);
    CHECK(rig.change(13, 5, 2, 1) == ok);
    CHECK(rig.blk.medium[5 * 512] == 0);
    CHECK(rig.blk.medium[7 * 512] == 0x44);
    CHECK(rig.change(11, 7, 1) == ok);
    CHECK(rig.blk.medium[7 * 512] == 0xdd);
    CHECK(rig.blk.zeroed == 2);
    CHECK(rig.blk.discarded == 1);
    CHECK(rig.change(13, 0, 9) == io_error);
    CHECK(rig.change(13, 2047, 2) == io_error);
    CHECK(rig.change(11, 0, 1, 1) == unsupported);
    CHECK(rig.change(13, 0, 1, 2) == unsupported);
    const Fields one = Fields{}.put(u64{8}).put(u32{1}).put(u32{0});
    const Fields beyond = Fields{}.put(u64{2048}).put(u32{1}).put(u32{0});
    CHECK(rig.ask(13, 0, {rig.hand.reads(one), rig.hand.reads(beyond)}) == io_error);
    CHECK(rig.blk.medium[8 * 512] == 0x44);
    CHECK(kept_the_rules(rig.world));
    (void)rig.ask(13, 0, {rig.hand.reads(one), rig.hand.reads(one), rig.hand.reads(one)});
    CHECK(complained(rig.world, "more ranges"));
    BlkHand without;
    (void)without.change(11, 0, 1);
    CHECK(complained(without.world, "without having accepted it"));
}

TEST_CASE("blocks of 4096 bytes are not written in part", "[model][B3]")
{
    BlkHand rig{bit(6), {.block_bytes = 4096}};
    CHECK(rig.hand.mmio.read32(0x114) == 4096);
    CHECK(rig.write(8, 1, 4096) == ok);
    CHECK(rig.write(8, 1, 512) == io_error);
    CHECK(rig.write(4, 1, 4096) == io_error);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a disk that is read-only says so, and is", "[model][B4]")
{
    BlkHand rig{bit(5), {.read_only = true}};
    CHECK(rig.write(0, 1) == io_error);
    CHECK(rig.ask(0, 0, {rig.hand.writes(512)}) == ok);
    CHECK(kept_the_rules(rig.world));
    BlkHand deaf{0, {.read_only = true}};
    CHECK(complained(deaf.world, "RO was not accepted"));
}

TEST_CASE("several queues reach one medium", "[model][B16]")
{
    BlkHand rig{bit(12), {.queues = 3}, GENERATE(false, true)};
    CHECK(rig.hand.mmio.read16(0x122) == 3);
    for (u16 queue = 0; queue < 3; ++queue)
        CHECK(rig.ask(1, queue, {rig.hand.reads(std::vector<u8>(512, 9))}, queue) == ok);
    CHECK(rig.blk.requests_of(2) == 1);
    CHECK(rig.blk.medium[3 * 512 - 1] == 9);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a disk that grows or shrinks tells of it", "[model][LD19]")
{
    BlkHand rig;
    rig.blk.resize(16);
    CHECK((rig.hand.mmio.read32(0x060) & 2) != 0);
    CHECK(rig.hand.mmio.read32(0x0fc) == 1);
    CHECK(rig.hand.mmio.read32(0x100) == 16);
    CHECK(rig.write(16, 1) == io_error);
    rig.blk.resize(17);
    CHECK(rig.write(16, 1) == ok);
    rig.world.lies.arm(Lie::capacity_changes, 3, 1);
    CHECK(rig.write(16, 1) == ok);
    CHECK(rig.hand.mmio.read32(0x100) == 3);
    CHECK(rig.hand.mmio.read32(0x0fc) == 3);
}

TEST_CASE("a block device lies about its status", "[model][LD10][X9]")
{
    BlkHand rig{flush, {}, GENERATE(false, true)};
    rig.world.lies.arm(Lie::status_byte, 0x33, 1);
    CHECK(rig.write(0, 1) == 0x33);
    rig.world.lies.arm(Lie::status_missing, 0, 1);
    CHECK(rig.write(0, 1) == 0xff);
}

TEST_CASE("an entropy device gives foreseeable bytes, and lies about them", "[model][LD29][X9]")
{
    const bool packed = GENERATE(false, true);
    model::World world;
    model::Entropy entropy{world};
    Hand hand{world, entropy, {.packed = packed}};
    hand.start(packed ? ring_packed : 0);
    const auto ask = [&](u32 bytes) {
        const auto buffer = hand.writes(bytes);
        (void)hand.send(0, {buffer});
        CHECK(hand.take().value().len == bytes);
        return hand.value<u8>(buffer, bytes - 1);
    };
    CHECK(ask(100) == model::Entropy::byte(99));
    CHECK(ask(1) == model::Entropy::byte(100));
    world.lies.arm(Lie::constant_bytes, 0x42, 1);
    CHECK(ask(10) == 0x42);
    world.lies.arm(Lie::bytes_not_written, 0, 1);
    CHECK(ask(10) == 0xa5);
    CHECK(kept_the_rules(world));
    (void)hand.send(0, {hand.reads({1})});
    CHECK(world.complaints.list().size() == 2);
}
