// tests/host/model/chaos_test.cpp - a device driven by bytes: the same bytes do the same again.
#include "hand.hpp"

#include <model/blk.hpp>
#include <model/chaos.hpp>

namespace {

std::vector<u8> random_bytes(u32 seed, usize count)
{
    std::vector<u8> bytes;
    for (usize i = 0; i < count; ++i) {
        seed = seed * 1664525 + 1013904223;
        bytes.push_back(static_cast<u8>(seed >> 24));
    }
    return bytes;
}

// What a careless driver reads in the course of some requests.
std::vector<u64> story(std::span<const u8> script, bool packed)
{
    model::World world;
    model::Blk blk{world, {.queues = 2}};
    model::Chaos chaos{blk, world, script, {.packed = packed}};
    HandQueue queue{world, {.size = 256, .packed = packed}};
    std::vector<u64> seen;
    for (const u32 value : {0u, 1u, 3u})
        chaos.write32(0x070, value);
    const u64 features = u64{1} << 32 | (packed ? ring_packed : 0);
    for (const u32 half : {0u, 1u}) {
        chaos.write32(0x014, half);
        seen.push_back(chaos.read32(0x010));
        chaos.write32(0x024, half);
        chaos.write32(0x020, static_cast<u32>(features >> 32 * half));
    }
    chaos.write32(0x070, 11);
    const auto setup = queue.setup();
    const u64 areas[] = {setup.desc, setup.driver, setup.device};
    chaos.write32(0x030, 0);
    chaos.write32(0x038, setup.size);
    for (u32 i = 0; i < 3; ++i) {
        chaos.write32(0x080 + 0x10 * i, static_cast<u32>(areas[i]));
        chaos.write32(0x084 + 0x10 * i, static_cast<u32>(areas[i] >> 32));
    }
    chaos.write32(0x044, 1);
    chaos.write32(0x070, 15);
    const auto header = world.memory.allocate(16);
    std::memset(header.memory, 0, 16);
    const auto data = world.memory.allocate(513);
    for (int i = 0; i < 50; ++i) {
        (void)queue.offer({{header.address, 16, false}, {data.address, 513, true}});
        chaos.write32(0x050, 0);
        seen.push_back(chaos.read32(0x060));
        seen.push_back(chaos.read32(0x100));
        chaos.write32(0x064, 3);
    }
    for (const auto& region : {header, data})
        for (u64 i = 0; i < region.bytes; ++i)
            seen.push_back(static_cast<u64>(region.memory[i]));
    for (u64 i = 0; i < 256 * 8; ++i)
        seen.push_back(queue.desc_word(0, i));
    seen.push_back(blk.requests);
    return seen;
}

}  // namespace

TEST_CASE("the same bytes tell the same story, and other bytes another", "[model][X9]")
{
    const bool packed = GENERATE(false, true);
    u32 different = 0;
    const auto honest = story({}, packed);
    for (u32 seed = 0; seed < 60; ++seed) {
        const auto script = random_bytes(seed, 300);
        const auto once = story(script, packed);
        REQUIRE(once == story(script, packed));
        different += once != honest ? 1 : 0;
    }
    CHECK(different > 56);
}

TEST_CASE("without bytes the device is honest", "[model][X9]")
{
    const bool packed = GENERATE(false, true);
    const auto seen = story({}, packed);
    CHECK(seen.back() == 50);
    CHECK(seen == story(std::vector<u8>(1000), packed));
}
