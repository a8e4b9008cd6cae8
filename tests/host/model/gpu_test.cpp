// tests/host/model/gpu_test.cpp - the graphics device, driven by hand.
#include "hand.hpp"

#include <model/gpu.hpp>

namespace {

using model::Gpu;
using model::Lie;
using model::Rect;

constexpr u32 ok = 0x1100;
constexpr u32 bad_scanout = 0x1202;
constexpr u32 bad_resource = 0x1203;
constexpr u32 bad_parameter = 0x1205;
constexpr u32 unspecified = 0x1200;

struct GpuHand {
    explicit GpuHand(bool packed = false, u64 features = 2)
        : gpu{world, {.displays = {{0, 0, 64, 32}, {64, 0, 0, 0}}}},
          hand{world, gpu, {.packed = packed}}
    {
        hand.start(features | indirect_desc | (packed ? ring_packed : 0), {{}, {}});
    }

    static Fields header(u32 type, u64 fence = 0)
    {
        Fields fields;
        fields.put(type).put(fence != 0 ? u32{1} : u32{0}).put(fence).put(u64{0});
        return fields;
    }
    // The type of the response.
    u32 ask(const Fields& request, u32 room = 24, u16 queue = 0)
    {
        reply = hand.writes(room);
        (void)hand.send(queue, {hand.reads(request), reply}, true);
        REQUIRE(hand.take(queue).has_value());
        return hand.value<u32>(reply);
    }
    u32 create(u32 id, u32 format, u32 width, u32 height)
    {
        return ask(header(0x101).put(id).put(format).put(width).put(height));
    }
    u32 attach(u32 id, const std::vector<model::Memory::Region>& memory)
    {
        Fields request = header(0x106);
        request.put(id).put(static_cast<u32>(memory.size()));
        for (const auto& region : memory)
            request.put(region.address).put(static_cast<u32>(region.bytes)).put(u32{0});
        return ask(request);
    }
    u32 scanout(u32 which, u32 id, Rect rect)
    {
        return ask(header(0x103).put(rect).put(which).put(id));
    }
    u32 transfer(u32 id, Rect rect, u64 offset)
    {
        return ask(header(0x105).put(rect).put(offset).put(id).put(u32{0}));
    }
    u32 flush(u32 id, Rect rect) { return ask(header(0x104).put(rect).put(id).put(u32{0})); }
    u32 one(u32 type, u32 id) { return ask(header(type).put(id).put(u32{0})); }

    model::World world;
    Gpu gpu;
    Hand hand;
    model::Piece reply{};
};

}  // namespace

TEST_CASE("a graphics device says which displays there are", "[model][G3]")
{
    GpuHand rig{GENERATE(false, true)};
    CHECK(rig.hand.mmio.read32(0x108) == 2);
    CHECK(rig.ask(GpuHand::header(0x100), 408) == 0x1101);
    CHECK(rig.hand.value<Rect>(rig.reply, 24) == Rect{0, 0, 64, 32});
    CHECK(rig.hand.value<u32>(rig.reply, 40) == 1);
    CHECK(rig.hand.value<u32>(rig.reply, 64) == 0);
    rig.gpu.set_display(0, {0, 0, 128, 96});
    CHECK((rig.hand.mmio.read32(0x060) & 2) == 2);
    CHECK(rig.hand.mmio.read32(0x100) == 1);
    rig.hand.mmio.write32(0x104, 1);
    CHECK(rig.hand.mmio.read32(0x100) == 0);
    CHECK(rig.ask(GpuHand::header(0x100), 408) == 0x1101);
    CHECK(rig.hand.value<Rect>(rig.reply, 24).width == 128);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("an EDID names the display's size, and its bytes sum up to zero", "[model][G9]")
{
    GpuHand rig;
    CHECK(rig.ask(GpuHand::header(0x10a).put(u32{0}).put(u32{0}), 1056) == 0x1104);
    CHECK(rig.hand.value<u32>(rig.reply, 24) == 128);
    const auto bytes = rig.hand.bytes(rig.reply);
    u8 sum = 0;
    for (usize i = 32; i < 160; ++i)
        sum = static_cast<u8>(sum + bytes[i]);
    CHECK(sum == 0);
    CHECK(bytes[32 + 56] == 64);
    CHECK(bytes[32 + 59] == 32);
    CHECK(rig.ask(GpuHand::header(0x10a).put(u32{2}).put(u32{0}), 1056) == bad_scanout);
    CHECK(kept_the_rules(rig.world));
    GpuHand without{false, 0};
    (void)without.ask(GpuHand::header(0x10a).put(u32{0}).put(u32{0}), 1056);
    CHECK(complained(without.world, "EDID"));
}

TEST_CASE("what is drawn is seen after transfer and flush", "[model][G4][G6]")
{
    struct Format {
        u32 number;
        u32 expected;  // of the bytes 1, 2, 3, 4
    };
    const auto format =
        GENERATE(Format{1, 0x03'02'01}, Format{2, 0x03'02'01}, Format{3, 0x02'03'04},
                 Format{67, 0x01'02'03}, Format{68, 0x04'03'02});
    GpuHand rig{GENERATE(false, true)};
    REQUIRE(rig.create(7, format.number, 64, 32) == ok);
    // Backing in two pieces, the border in the middle of a line.
    const auto first = rig.world.memory.allocate(1000);
    const auto second = rig.world.memory.allocate(64 * 32 * 4 - 1000);
    for (const auto& region : {first, second})
        for (u64 i = 0; i < region.bytes; ++i)
            region.memory[i] = static_cast<std::byte>(i % 4 + 1);
    REQUIRE(rig.attach(7, {first, second}) == ok);
    REQUIRE(rig.scanout(0, 7, {0, 0, 64, 32}) == ok);
    REQUIRE(rig.transfer(7, {0, 0, 64, 32}, 0) == ok);
    CHECK(rig.gpu.pixel(0, 5, 5) == 0);
    REQUIRE(rig.flush(7, {0, 0, 8, 32}) == ok);
    CHECK(rig.gpu.pixel(0, 7, 31) == format.expected);
    CHECK(rig.gpu.pixel(0, 8, 31) == 0);
    REQUIRE(rig.flush(7, {0, 0, 64, 32}) == ok);
    CHECK(rig.gpu.pixel(0, 63, 31) == format.expected);
    CHECK(rig.gpu.pixel(1, 0, 0) == 0);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a transfer moves a rectangle, and nothing beside it", "[model][G4]")
{
    GpuHand rig;
    REQUIRE(rig.create(1, 1, 8, 8) == ok);
    const auto memory = rig.world.memory.allocate(256);
    std::memset(memory.memory, 0xff, 256);
    REQUIRE(rig.attach(1, {memory}) == ok);
    REQUIRE(rig.scanout(0, 1, {0, 0, 8, 8}) == ok);
    REQUIRE(rig.transfer(1, {2, 3, 4, 2}, (3 * 8 + 2) * 4) == ok);
    REQUIRE(rig.flush(1, {0, 0, 8, 8}) == ok);
    u32 white = 0;
    for (u32 y = 0; y < 8; ++y)
        for (u32 x = 0; x < 8; ++x)
            white += rig.gpu.pixel(0, x, y) == 0xff'ffff ? 1 : 0;
    CHECK(white == 8);
    CHECK(rig.gpu.pixel(0, 5, 4) == 0xff'ffff);
    CHECK(kept_the_rules(rig.world));
    CHECK(rig.transfer(1, {0, 0, 8, 8}, 4) == bad_parameter);
    CHECK(complained(rig.world, "beyond the backing"));
}

TEST_CASE("commands that make no sense are answered so", "[model][G5]")
{
    GpuHand rig;
    CHECK(rig.create(0, 1, 8, 8) == bad_resource);
    CHECK(rig.create(1, 5, 8, 8) == bad_parameter);
    CHECK(rig.create(1, 1, 0, 8) == bad_parameter);
    CHECK(rig.create(1, 1, 16384, 16384) == 0x1201);
    CHECK(rig.create(1, 1, 8, 8) == ok);
    CHECK(rig.create(1, 1, 8, 8) == bad_resource);
    CHECK(rig.transfer(1, {0, 0, 8, 8}, 0) == unspecified);
    CHECK(rig.transfer(2, {0, 0, 8, 8}, 0) == bad_resource);
    CHECK(rig.flush(1, {1, 0, 8, 8}) == bad_parameter);
    CHECK(rig.scanout(2, 1, {0, 0, 8, 8}) == bad_scanout);
    CHECK(rig.scanout(0, 2, {0, 0, 8, 8}) == bad_resource);
    CHECK(rig.scanout(0, 1, {0, 0, 9, 8}) == bad_parameter);
    CHECK(rig.one(0x107, 1) == unspecified);
    const auto memory = rig.world.memory.allocate(256);
    CHECK(rig.attach(1, {memory}) == ok);
    CHECK(rig.attach(1, {memory}) == unspecified);
    CHECK(rig.one(0x107, 1) == ok);
    CHECK(kept_the_rules(rig.world));
    CHECK(rig.attach(1, {{memory.memory, memory.address, 257}}) == bad_parameter);
    CHECK(complained(rig.world, "outside memory"));
    CHECK(rig.ask(GpuHand::header(0x106).put(u32{1}).put(u32{2})) == bad_parameter);
    CHECK(complained(rig.world, "another number"));
    CHECK(rig.ask(GpuHand::header(0x999)) == unspecified);
    CHECK(complained(rig.world, "nobody knows"));
    CHECK(rig.ask(GpuHand::header(0x100), 100) == 0x1101);
    CHECK(complained(rig.world, "no room"));
}

TEST_CASE("a resource that goes takes its picture along", "[model][G4]")
{
    GpuHand rig;
    REQUIRE(rig.create(1, 1, 8, 8) == ok);
    REQUIRE(rig.scanout(0, 1, {0, 0, 8, 8}) == ok);
    CHECK(rig.gpu.shown(0).width == 8);
    CHECK(rig.one(0x102, 1) == ok);
    CHECK(rig.gpu.shown(0).width == 0);
    CHECK(rig.gpu.resources() == 0);
    CHECK(rig.one(0x102, 1) == bad_resource);
}

TEST_CASE("a fence comes back with the answer, in order", "[model][G12]")
{
    GpuHand rig{GENERATE(false, true)};
    CHECK(rig.ask(GpuHand::header(0x101, 77).put(u32{1}).put(u32{1}).put(u32{8}).put(u32{8}))
          == ok);
    CHECK(rig.hand.value<u32>(rig.reply, 4) == 1);
    CHECK(rig.hand.value<u64>(rig.reply, 8) == 77);
    rig.gpu.hold = true;
    const auto first = rig.hand.writes(24);
    (void)rig.hand.send(0, {rig.hand.reads(GpuHand::header(0x104, 78)), first});
    CHECK_FALSE(rig.hand.take().has_value());
    rig.hand.mmio.act([&](auto& queue) { rig.gpu.finish(queue); });
    CHECK(rig.hand.take().has_value());
    CHECK(rig.hand.value<u64>(first, 8) == 78);
}

TEST_CASE("the cursor queue moves and changes the cursor", "[model][G10]")
{
    GpuHand rig;
    REQUIRE(rig.create(3, 1, 64, 64) == ok);
    const auto command = [](u32 type, u32 x, u32 id) {
        return GpuHand::header(type)
            .put(u32{0})
            .put(x)
            .put(u32{9})
            .put(u32{0})
            .put(id)
            .put(u32{1})
            .put(u32{2})
            .put(u32{0});
    };
    CHECK(rig.ask(command(0x300, 5, 3), 24, 1) == ok);
    CHECK(rig.gpu.cursor == Gpu::Cursor{0, 5, 9, 3, 1, 2});
    CHECK(rig.ask(command(0x301, 6, 99), 24, 1) == ok);
    CHECK(rig.gpu.cursor == Gpu::Cursor{0, 6, 9, 3, 1, 2});
    CHECK(rig.ask(command(0x300, 6, 99), 24, 1) == bad_resource);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a graphics device lies about its answers", "[model][LD10][X9]")
{
    GpuHand rig{GENERATE(false, true)};
    rig.world.lies.arm(Lie::response_type, 0x1101, 1);
    CHECK(rig.create(1, 1, 8, 8) == 0x1101);
    rig.world.lies.arm(Lie::response_fence, 5, 1);
    (void)rig.ask(GpuHand::header(0x102, 6).put(u32{1}).put(u32{0}));
    CHECK(rig.hand.value<u64>(rig.reply, 8) == 5);
}
