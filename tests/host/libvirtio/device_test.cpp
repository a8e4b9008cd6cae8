// tests/host/libvirtio/device_test.cpp - bringing up an honest device, versions 1 and 2.
#include "rig.hpp"

using namespace virtio;
using Bus1 = model::Mmio;

namespace {

struct Rig {
    explicit Rig(model::MmioOptions options = {}) : disk{world}, mmio{disk, world, options} {}

    model::World world;
    model::Blk disk;
    model::Mmio mmio;
};

struct Capacity {
    static constexpr Register<Capacity, u64, Access::ro> capacity{0};
};

constexpr Wish wish{.required = BlkFeature::flush,
                    .optional = Features{BlkFeature::ro} | Feature::event_idx};

}  // namespace

TEST_CASE("a probe tells what is there and touches nothing", "[libvirtio][device][D4][M10]")
{
    const u32 version = GENERATE(1u, 2u);
    Rig rig{{.version = version}};
    const auto device = Device<Bus1>::probe(rig.mmio).value();
    CHECK(device.version() == version);
    CHECK(device.legacy() == (version == 1));
    CHECK(device.type() == DeviceType::block);
    CHECK(device.vendor() == 0x4c444f4d);
    CHECK(rig.mmio.status() == 0);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a device comes up by the steps of the specification",
          "[libvirtio][device][T3][T7][M8][M9]")
{
    const u32 version = GENERATE(1u, 2u);
    Rig rig{{.version = version}};
    auto device = Device<Bus1>::probe(rig.mmio).value();
    REQUIRE(device.negotiate(wish).has_value());
    CHECK(rig.mmio.status() == (version == 1 ? 3u : 11u));
    const u64 accepted = 1u << 9 | 1u << 29 | (version == 1 ? 1u << 27 : u64{1} << 32);
    CHECK(rig.mmio.accepted() == accepted);
    CHECK(device.negotiation().accepted.mask() == accepted);
    CHECK(device.negotiation().missing.empty());
    CHECK(device.accepted(BlkFeature::flush));
    CHECK_FALSE(device.accepted(BlkFeature::ro));

    CHECK(device.queue_size(0, 256).value() == 256);
    CHECK(device.queue_size(0, 300).value() == 256);
    CHECK(device.queue_size(0, 5000).value() == 1024);
    CHECK(device.queue_size(1, 256).error() == Errc::not_found);
    CHECK(device.queue_size(0, 0).error() == Errc::not_found);

    Ring<64> ring;
    const auto rings = ring.start(dma(rig.world.memory.allocate(16384)), {64, true}).value();
    REQUIRE(device.enable(0, rings).has_value());
    CHECK(device.enable(0, rings).error() == Errc::busy);
    CHECK(device.enable(1, rings).error() == Errc::not_found);
    REQUIRE(device.go().has_value());
    CHECK(rig.mmio.queue().size() == 64);
    CHECK(rig.mmio.queue().running());
    device.notify(0);
    CHECK(rig.mmio.notifies == 1);

    REQUIRE(device.reset().has_value());
    CHECK(rig.mmio.status() == 0);
    CHECK_FALSE(rig.mmio.queue().running());
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a failed negotiation says what was offered, wanted and missing",
          "[libvirtio][device][T5][T10]")
{
    const u32 version = GENERATE(1u, 2u);
    Rig rig{{.version = version}};
    auto device = Device<Bus1>::probe(rig.mmio).value();
    const Wish impossible{.required = Features{BlkFeature::flush, BlkFeature::lifetime},
                          .optional = BlkFeature::topology};
    CHECK(device.negotiate(impossible).error() == Errc::not_supported);
    const auto& told = device.negotiation();
    CHECK(told.missing == Features{BlkFeature::lifetime});
    CHECK(told.offered.has(Features{BlkFeature::flush, BlkFeature::topology}));
    CHECK(told.wanted.has(Features{BlkFeature::flush, BlkFeature::lifetime, BlkFeature::topology}));
    CHECK(told.accepted.empty());
    CHECK((rig.mmio.status() & 128) != 0);      // FAILED
    CHECK(device.negotiate(wish).has_value());  // and again, from the reset on
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a legacy device can't be asked for bits above 31", "[libvirtio][device][T5]")
{
    Rig rig{{.version = 1}};
    auto device = Device<Bus1>::probe(rig.mmio).value();
    CHECK(device.negotiate({.required = Feature::access_platform, .optional = {}}).error()
          == Errc::not_supported);
    CHECK(device.negotiation().missing == Features{Feature::access_platform});
}

TEST_CASE("a config field of 64 bits is never torn", "[libvirtio][device][T2][M11][LD18]")
{
    const u32 version = GENERATE(1u, 2u);
    Rig rig{{.version = version}};
    auto device = Device<Bus1>::probe(rig.mmio).value();
    REQUIRE(device.negotiate(wish).has_value());
    const auto capacity = [&] {
        return device.config<Capacity>([](const auto& c) { return c.read(Capacity::capacity); });
    };
    constexpr u64 before = 0x0000'0001'ffff'ffff;
    constexpr u64 after = 0x0000'0002'0000'0000;
    rig.disk.set_capacity(before);
    int changes = 0;
    rig.mmio.before_config_read = [&](u32 offset) {
        if (offset == 4 && changes < 3) {  // between the halves: there, back, and there again
            rig.disk.set_capacity(changes++ % 2 == 0 ? after : before);
            rig.mmio.change_config();
        }
    };
    CHECK(capacity().value() == after);
    CHECK(changes == 3);
}

TEST_CASE("an interrupt is taken back exactly as it was read", "[libvirtio][device][T6][M4][LD12]")
{
    const u32 version = GENERATE(1u, 2u);
    BlkRig rig{{.version = version}};
    REQUIRE(rig.start().has_value());
    auto& device = rig.device;

    SECTION("none")
    {
        const auto why = device.acknowledge();
        CHECK_FALSE((why.used_buffer || why.config_change || why.needs_reset));
    }
    SECTION("used buffer")
    {
        REQUIRE(rig.read(1, 0, rig.run(0)).has_value());
        (void)rig.driver.kick();
        CHECK(rig.mmio.interrupt());
        const auto why = device.acknowledge();
        CHECK((why.used_buffer && !why.config_change && !why.needs_reset));
    }
    SECTION("configuration change")
    {
        rig.mmio.change_config();
        const auto why = device.acknowledge();
        CHECK((!why.used_buffer && why.config_change && !why.needs_reset));
    }
    SECTION("needs reset")
    {
        rig.mmio.needs_reset();
        const auto why = device.acknowledge();
        CHECK((why.config_change && why.needs_reset));
    }
    CHECK_FALSE(rig.mmio.interrupt());
    CHECK(kept_the_rules(rig.world));
}
