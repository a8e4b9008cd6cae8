// tests/host/model/mmio_test.cpp - the register file: what it reads, what it refuses, what it
// counts.
#include "hand.hpp"

#include <model/blk.hpp>
#include <model/entropy.hpp>

namespace {

constexpr u32 status = 0x070;
constexpr u32 isr = 0x060;
constexpr u32 ack = 0x064;

struct Bare {
    explicit Bare(model::MmioOptions options = {}) : mmio{entropy, world, options} {}

    void write(std::initializer_list<std::pair<u32, u32>> writes)
    {
        for (const auto& [offset, value] : writes)
            mmio.write32(offset, value);
    }
    // Up to FEATURES_OK.
    void negotiate(u64 features = version_1)
    {
        write({{status, 1},
               {status, 3},
               {0x024, 0},
               {0x020, static_cast<u32>(features)},
               {0x024, 1},
               {0x020, static_cast<u32>(features >> 32)},
               {status, 11}});
    }

    model::World world;
    model::Entropy entropy{world};
    model::Mmio mmio;
};

}  // namespace

TEST_CASE("the registers say what they are", "[model][X1][X2]")
{
    const u32 version = GENERATE(1u, 2u);
    Bare rig{{.version = version, .packed = true}};
    CHECK(rig.mmio.read32(0x000) == 0x74726976);
    CHECK(rig.mmio.read32(0x004) == version);
    CHECK(rig.mmio.read32(0x008) == 4);
    CHECK(rig.mmio.read32(0x00c) != 0);
    rig.mmio.write32(0x014, 1);
    const u32 high = version == 2 ? 1u | 1u << 2 | 1u << 8 : 0;  // VERSION_1, PACKED, RING_RESET
    CHECK(rig.mmio.read32(0x010) == high);
    rig.mmio.write32(0x014, 2);
    CHECK(rig.mmio.read32(0x010) == 0);
    CHECK(rig.mmio.read32(0x034) == 1024);
    CHECK(rig.mmio.read32(isr) == 0);
    CHECK(rig.mmio.read32(status) == 0);
    CHECK(rig.mmio.read32(version == 2 ? 0x044 : 0x040) == 0);
    CHECK(kept_the_rules(rig.world));
    CHECK(rig.mmio.exits() == 12);
}

TEST_CASE("registers are read and written as the table allows", "[model][X2][X3]")
{
    Bare rig;
    for (const u32 offset : {0x014u, 0x020u, 0x038u, 0x050u, 0x064u, 0x080u, 0x0c0u, 0x028u}) {
        CHECK(rig.mmio.read32(offset) == 0);
        CHECK(complained(rig.world, "write-only or not there"));
    }
    for (const u32 offset : {0x000u, 0x010u, 0x034u, 0x060u, 0x0fcu, 0x0c0u, 0x040u}) {
        if (offset == 0x010)
            rig.mmio.write32(0x014, 0);
        rig.mmio.write32(offset, 1);
        CHECK(complained(rig.world, "read-only or not there"));
    }
    (void)rig.mmio.read32(0x002);
    CHECK(complained(rig.world, "not aligned"));
    rig.mmio.write32(0x071, 0);
    CHECK(complained(rig.world, "not aligned"));
    (void)rig.mmio.read8(status);
    CHECK(complained(rig.world, "not 32 bits wide"));
    rig.mmio.write32(0x0ac, 0);
    CHECK(rig.mmio.read32(0x0b0) == ~u32{0});
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a device that is brought up out of order complains", "[model][X3]")
{
    Bare rig{{.event_idx = false}};
    std::string words;
    SECTION("features before a word of them was selected")
    {
        (void)rig.mmio.read32(0x010);
        words = "read before DeviceFeaturesSel";
    }
    SECTION("features before DRIVER")
    {
        rig.write({{0x024, 0}, {0x020, 0}});
        words = "wrong time";
    }
    SECTION("DRIVER without ACKNOWLEDGE")
    {
        rig.write({{status, 2}});
        words = "DRIVER without ACKNOWLEDGE";
    }
    SECTION("FEATURES_OK before DRIVER")
    {
        rig.write({{status, 1}, {0x024, 1}});
        rig.write({{status, 9}});
        words = "FEATURES_OK at the wrong time";
    }
    SECTION("a feature that was not offered")
    {
        rig.negotiate(version_1 | event_idx);
        CHECK(rig.mmio.read32(status) == 3);
        words = "not offered";
    }
    SECTION("DRIVER_OK without FEATURES_OK")
    {
        rig.write({{status, 1}, {status, 3}, {status, 7}});
        words = "DRIVER_OK at the wrong time";
    }
    SECTION("a bit taken back")
    {
        rig.write({{status, 1}, {status, 3}, {status, 1}});
        words = "cleared without a reset";
    }
    SECTION("anything after FAILED")
    {
        rig.write({{status, 1}, {status, 129}, {status, 131}});
        words = "after FAILED";
    }
    SECTION("a queue before FEATURES_OK")
    {
        rig.write({{0x080, 0}});
        words = "before FEATURES_OK";
    }
    SECTION("a queue that is not there")
    {
        rig.negotiate();
        rig.write({{0x030, 1}, {0x044, 1}});
        CHECK(rig.mmio.read32(0x034) == 0);
        words = "not there";
    }
    SECTION("a size that is no power of two, or too large, or none")
    {
        rig.negotiate();
        rig.write({{0x038, GENERATE(0u, 3u, 2048u)}});
        words = "QueueNum";
    }
    SECTION("a queue without a size")
    {
        rig.negotiate();
        rig.write({{0x044, 1}});
        words = "without a size";
    }
    SECTION("a notification before DRIVER_OK")
    {
        rig.negotiate();
        rig.write({{0x050, 0}});
        words = "before DRIVER_OK";
    }
    SECTION("a notification of a queue that is not enabled")
    {
        rig.negotiate();
        rig.write({{status, 15}, {0x050, GENERATE(0u, 7u)}});
        words = "not enabled";
    }
    SECTION("an acknowledgement of nothing known")
    {
        rig.write({{ack, 4}});
        words = "undefined bits";
    }
    CHECK(complained(rig.world, words));
}

TEST_CASE("a request goes through nine steps", "[model][X8][X5][X4]")
{
    const bool packed = GENERATE(false, true);
    model::World world;
    model::Entropy entropy{world};
    Hand hand{world, entropy, {.packed = packed}};
    CHECK((hand.offered() & version_1) != 0);  // 1: the driver looks at the features
    hand.start(packed ? ring_packed : 0);      // 2: takes some, places a queue above 4 GiB
    CHECK(hand.mmio.status() == 15);           // 3: and lets the device run
    CHECK(hand.mmio.read32(0x044) == 1);
    const auto buffer = hand.writes(10);
    const u16 id = hand.queues[0].offer({buffer});  // 4: a chain is available
    CHECK(hand.queues[0].notify_wanted());
    hand.mmio.write32(0x050, 0);                                  // 5: the device is notified
    CHECK(hand.value<u8>(buffer, 9) == model::Entropy::byte(9));  // 6: it did its work
    CHECK(hand.mmio.read32(isr) == 1);                            // 7: and interrupts
    hand.mmio.write32(ack, 1);                                    // 8: which is acknowledged
    CHECK_FALSE(hand.mmio.interrupt());
    CHECK(hand.take() == Used{id, 10});  // 9: the chain came back
    CHECK(kept_the_rules(world));
}

TEST_CASE("a reset forgets everything", "[model][X3]")
{
    model::World world;
    model::Entropy entropy{world};
    Hand hand{world, entropy};
    hand.start(0);
    (void)hand.send(0, {hand.writes(10)});
    CHECK(hand.mmio.interrupt());
    hand.mmio.write32(status, 0);
    CHECK(hand.mmio.read32(status) == 0);
    CHECK(hand.mmio.read32(isr) == 0);
    CHECK(hand.mmio.read32(0x044) == 0);
    CHECK(hand.mmio.accepted() == 0);
    CHECK_FALSE(hand.mmio.queue().running());
    hand.start(0);
    (void)hand.send(0, {hand.writes(10)});
    CHECK(hand.take().has_value());
    CHECK(kept_the_rules(world));
}

TEST_CASE("a ready queue is not changed", "[model][X3]")
{
    model::World world;
    model::Entropy entropy{world};
    Hand hand{world, entropy};
    hand.start(0);
    hand.mmio.write32(0x080, 0);
    CHECK(complained(world, "changed while it is ready"));
    hand.mmio.write32(0x044, 0);
    CHECK(hand.mmio.read32(0x044) == 0);
    CHECK(kept_the_rules(world));
}

TEST_CASE("only a packed queue may have any size", "[model][X3]")
{
    model::World world;
    model::Entropy entropy{world};
    Hand hand{world, entropy, {.packed = true}};
    hand.start(ring_packed, {{.size = 7}});
    for (int i = 0; i < 20; ++i) {
        (void)hand.send(0, {hand.writes(10)});
        CHECK(hand.take().has_value());
    }
    CHECK(kept_the_rules(world));
}

TEST_CASE("version 1 has its queue in pages, the used ring at the next alignment", "[model][X1]")
{
    Bare rig{{.version = 1}};
    const auto memory = rig.world.memory.allocate(8192);
    std::memset(memory.memory, 0, memory.bytes);
    const auto buffer = rig.world.memory.allocate(10);
    rig.write({{status, 1},
               {status, 3},
               {0x028, 4096},
               {0x024, 0},
               {0x020, static_cast<u32>(any_layout)},
               {0x038, 8},
               {0x03c, 4096},
               {0x040, static_cast<u32>(memory.address / 4096)},
               {status, 7}});
    CHECK(rig.mmio.read32(0x040) == memory.address / 4096);
    auto* words = reinterpret_cast<u16*>(memory.memory);
    const std::array<u64, 2> descriptor{buffer.address, u64{2} << 32 | 10};
    std::memcpy(words, descriptor.data(), 16);
    words[64 + 1] = 1;  // available: entry 0 is 0
    rig.write({{0x050, 0}});
    CHECK(words[2048 + 1] == 1);
    CHECK(words[2048 + 4] == 10);
    CHECK(kept_the_rules(rig.world));
    rig.write({{0x040, 0}});
    CHECK_FALSE(rig.mmio.queue().running());
    rig.mmio.write32(0x044, 1);
    CHECK(complained(rig.world, "not there"));
}

TEST_CASE("a batch of 32 costs one notification and one interrupt", "[model][X7]")
{
    const bool packed = GENERATE(false, true);
    model::World world;
    model::Blk blk{world};
    Hand hand{world, blk, {.packed = packed}};
    hand.start(event_idx | indirect_desc | (packed ? ring_packed : 0), {{.size = 32}});
    hand.mmio.run();  // says what it waits for
    const u64 before = hand.mmio.exits();
    auto& queue = hand.queues[0];
    queue.want_interrupt_after(32);
    for (u64 i = 0; i < 32; ++i)
        (void)queue.offer(
            {hand.reads(Fields{}.put(u32{0}).put(u32{0}).put(i)), hand.writes(512), hand.writes(1)},
            true);
    if (queue.notify_wanted())
        hand.mmio.write32(0x050, 0);
    hand.mmio.write32(ack, hand.mmio.read32(isr));
    u32 done = 0;
    while (hand.take())
        ++done;
    CHECK(done == 32);
    CHECK(hand.mmio.notifies_of(0) == 1);
    CHECK(hand.mmio.interrupts == 1);
    CHECK(hand.mmio.exits() - before == 3);  // notify, read the cause, acknowledge
    CHECK(blk.requests == 32);
    CHECK(kept_the_rules(world));
}
