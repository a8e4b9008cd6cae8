// tests/host/libvirtio/device_lies_test.cpp - registers that lie: refused, bounded, told by name.
#include "rig.hpp"

using namespace virtio;
using model::Lie;
using Bus1 = model::Mmio;

namespace {

struct Rig {
    explicit Rig(u32 version) : disk{world}, mmio{disk, world, {.version = version}} {}

    auto probe() { return Device<Bus1>::probe(mmio); }

    model::World world;
    model::Blk disk;
    model::Mmio mmio;
};

constexpr Wish wish{.required = {}, .optional = BlkFeature::flush};

struct Capacity {
    static constexpr Register<Capacity, u64, Access::ro> capacity{0};
};

}  // namespace

TEST_CASE("a slot without a device that we know is left alone",
          "[libvirtio][device][hostile][D2][D3][D4][LD30]")
{
    Rig rig{GENERATE(1u, 2u)};
    SECTION("another magic")
    {
        rig.world.lies.arm(Lie::magic, GENERATE(0u, 0x74726977u, 0xffff'ffffu));
        CHECK(rig.probe().error() == Errc::wrong_kind);
    }
    SECTION("another version")
    {
        rig.world.lies.arm(Lie::version, GENERATE(0u, 3u, 0xffff'ffffu));
        CHECK(rig.probe().error() == Errc::not_supported);
    }
    SECTION("no device")
    {
        rig.world.lies.arm(Lie::device_id, 0);
        CHECK(rig.probe().error() == Errc::no_device);
    }
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a device that can't be reset is given up on", "[libvirtio][device][hostile][T4][LD13]")
{
    Rig rig{GENERATE(1u, 2u)};
    auto device = rig.probe().value();
    REQUIRE(device.negotiate(wish).has_value());
    rig.world.lies.arm(Lie::reset_never_ends);
    CHECK(device.reset().error() == Errc::timed_out);
    CHECK(device.negotiate(wish).error() == Errc::timed_out);
    rig.world.lies.disarm(Lie::reset_never_ends);
    CHECK(device.reset().has_value());
}

TEST_CASE("a device that contradicts itself is refused",
          "[libvirtio][device][hostile][T5][T10][LD14][LD16]")
{
    Rig rig{2};
    auto device = rig.probe().value();
    SECTION("FEATURES_OK does not stick")
    {
        rig.world.lies.arm(Lie::features_ok_refused);
        CHECK(device.negotiate(wish).error() == Errc::not_supported);
        CHECK(device.negotiation().accepted.empty());
    }
    SECTION("version 2 without VERSION_1")
    {
        rig.world.lies.arm(Lie::version_1_missing);
        CHECK(device.negotiate(wish).error() == Errc::not_supported);
        CHECK(device.negotiation().missing == Features{Feature::version_1});
    }
    SECTION("features that change between two reads")
    {
        rig.world.lies.arm(Lie::features_change, GENERATE(u64{1} << 9, u64{1} << 33));
        CHECK(device.negotiate(wish).error() == Errc::device_fault);
    }
    CHECK((rig.mmio.status() & 128) != 0);
    CHECK((rig.mmio.status() & 4) == 0);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("only what was asked for is accepted of an offer of everything",
          "[libvirtio][device][hostile][T5][M11][LD15]")
{
    Rig rig{2};
    auto device = rig.probe().value();
    REQUIRE(device.negotiate(wish).has_value());
    CHECK(device.negotiation().offered.has(Feature::ring_reset));
    CHECK(rig.mmio.accepted() == (u64{1} << 32 | 1u << 9));
}

TEST_CASE("a queue is as large as is sane, whatever the device claims",
          "[libvirtio][device][hostile][M7][LD17][LD20]")
{
    Rig rig{GENERATE(1u, 2u)};
    auto device = rig.probe().value();
    REQUIRE(device.negotiate(wish).has_value());
    struct Claim {
        u32 claim;
        u16 size;
    };
    const auto claim = GENERATE(Claim{1, 1}, Claim{3, 2}, Claim{100, 64}, Claim{256, 256},
                                Claim{65535, 256}, Claim{0xffff'ffff, 256}, Claim{0x1'0001, 256});
    rig.world.lies.arm(Lie::queue_max, claim.claim);
    CHECK(device.queue_size(0, 256).value() == claim.size);
    CHECK(device.queue_size(0, 65535).value() <= max_queue_size);
    rig.world.lies.arm(Lie::queue_max, 0);
    CHECK(device.queue_size(0, 256).error() == Errc::not_found);
    CHECK(device.queue_size(0, 0).error() == Errc::not_found);
}

TEST_CASE("a queue that the device does not take is an error",
          "[libvirtio][device][hostile][T8][M2]")
{
    const u32 version = GENERATE(1u, 2u);
    Rig rig{version};
    auto device = rig.probe().value();
    REQUIRE(device.negotiate(wish).has_value());
    Ring<64> ring;
    auto rings = ring.start(dma(rig.world.memory.allocate(16384)), {64, true}).value();
    SECTION("in use already")
    {
        rig.world.lies.arm(Lie::queue_in_use);
        CHECK(device.enable(0, rings).error() == Errc::busy);
    }
    SECTION("smaller than it said")
    {
        rig.world.lies.arm(Lie::queue_max, 32);
        CHECK(device.enable(0, rings).error() == Errc::too_big);
    }
    SECTION("gone")
    {
        rig.world.lies.arm(Lie::queue_max, 0);
        CHECK(device.enable(0, rings).error() == Errc::not_found);
    }
    SECTION("not taken")
    {
        rig.world.lies.arm(Lie::queue_refused);
        CHECK(device.enable(0, rings).error() == Errc::device_fault);
    }
    SECTION("an address that version 1 can't express")
    {
        rings.desc = DeviceAddr{GENERATE(u64{0}, u64{1} << 44, u64{0x1800})};
        if (version == 1)
            CHECK(device.enable(0, rings).error() == Errc::out_of_range);
    }
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a configuration that never rests is an error, not a hang",
          "[libvirtio][device][hostile][LD18]")
{
    const u32 version = GENERATE(1u, 2u);
    Rig rig{version};
    auto device = rig.probe().value();
    REQUIRE(device.negotiate(wish).has_value());
    rig.world.lies.arm(version == 1 ? Lie::config_never_rests : Lie::generation_never_rests);
    const auto value =
        device.config<Capacity>([](const auto& c) { return c.read(Capacity::capacity); });
    CHECK(value.error() == Errc::device_fault);
}

TEST_CASE("a device that needs a reset at once is not driven",
          "[libvirtio][device][hostile][T3][LD12]")
{
    Rig rig{GENERATE(1u, 2u)};
    auto device = rig.probe().value();
    REQUIRE(device.negotiate(wish).has_value());
    rig.world.lies.arm(Lie::needs_reset_at_start);
    CHECK(device.go().error() == Errc::device_fault);
    CHECK(device.needs_reset());
    CHECK(device.reset().has_value());
    CHECK_FALSE(device.needs_reset());
}

TEST_CASE("undefined interrupt bits are neither believed nor written back",
          "[libvirtio][device][hostile][T6][M4]")
{
    Rig rig{GENERATE(1u, 2u)};
    auto device = rig.probe().value();
    REQUIRE(device.negotiate(wish).has_value());
    rig.world.lies.arm(Lie::interrupt_bits, 0xffff'fffc);
    const auto why = device.acknowledge();
    CHECK_FALSE((why.used_buffer || why.config_change || why.needs_reset));
    CHECK(kept_the_rules(rig.world));
}
