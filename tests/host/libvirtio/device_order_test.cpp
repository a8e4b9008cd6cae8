// tests/host/libvirtio/device_order_test.cpp - which registers are accessed, in which order: the
// whole of it, written down from the specification.
#include "register_log.hpp"
#include "rig.hpp"

using namespace virtio;
using Log = RegisterLog<model::Mmio>;
using Lines = std::vector<std::string>;

namespace {

struct Rig {
    explicit Rig(u32 version)
        : disk{world},
          mmio{disk, world, {.version = version}},
          bus{mmio},
          device{Device<Log>::probe(bus).value()}
    {
        probed = std::exchange(bus.log, {});
    }

    // What was accessed since the last time.
    Lines accessed() { return std::exchange(bus.log, {}); }

    model::World world;
    model::Blk disk;
    model::Mmio mmio;
    Log bus;
    Device<Log> device;
    Lines probed;
};

constexpr Wish wish{.required = BlkFeature::flush, .optional = Feature::event_idx};

// Three areas where no page begins; version 2 takes each by itself.
constexpr RingAddresses apart{.size = 64,
                              .desc = DeviceAddr{0x1'0000'2010},
                              .driver = DeviceAddr{0x2'0000'3002},
                              .device = DeviceAddr{0x3'0000'4004}};

}  // namespace

TEST_CASE("a probe reads four registers", "[libvirtio][device][D2][D3][D4][T7]")
{
    CHECK(Rig{GENERATE(1u, 2u)}.probed == Lines{"r000", "r004", "r008", "r00c"});
}

TEST_CASE("version 2 is negotiated in the order of the specification",
          "[libvirtio][device][T3][T7][M1]")
{
    Rig rig{2};
    REQUIRE(rig.device.negotiate(wish).has_value());
    CHECK(rig.accessed()
          == Lines{
              "w070=0", "r070",                               // reset, until it reads 0
              "w070=1", "w070=3",                             // ACKNOWLEDGE, DRIVER
              "w014=0", "r010", "w014=1", "r010",             // 64 features,
              "w014=0", "r010", "w014=1", "r010",             // and the same once more
              "w024=0", "w020=20000200", "w024=1", "w020=1",  // EVENT_IDX, FLUSH; VERSION_1
              "w070=b", "r070",                               // FEATURES_OK, which must stay
          });
}

TEST_CASE("version 1 is negotiated in the order of the specification",
          "[libvirtio][device][T3][T7][T8]")
{
    Rig rig{1};
    REQUIRE(rig.device.negotiate(wish).has_value());
    CHECK(rig.accessed()
          == Lines{
              "w070=0", "r070",                    //
              "w070=1", "w070=3",                  //
              "w028=1000",                         // GuestPageSize
              "w014=0", "r010", "w014=0", "r010",  // 32 features, twice
              "w024=0", "w020=28000200",           // with ANY_LAYOUT; no FEATURES_OK
          });
}

TEST_CASE("version 2 takes the three areas of a queue wherever they are",
          "[libvirtio][device][M2][M5][M6][V4]")
{
    Rig rig{2};
    REQUIRE(rig.device.negotiate(wish).has_value());
    (void)rig.accessed();
    REQUIRE(rig.device.enable(0, apart).has_value());
    CHECK(rig.accessed()
          == Lines{
              "w030=0", "r044",       // not in use
              "w030=0", "r034",       // large enough
              "w030=0", "w038=40",    //
              "w080=2010", "w084=1",  //
              "w090=3002", "w094=2",  //
              "w0a0=4004", "w0a4=3",  //
              "w044=1", "r044",       // ready, and it says so
          });
    CHECK(rig.device.enable(0, apart).error() == Errc::busy);
}

TEST_CASE("version 1 takes the page where a contiguous queue begins", "[libvirtio][device][T8][V3]")
{
    Rig rig{1};
    REQUIRE(rig.device.negotiate(wish).has_value());
    (void)rig.accessed();
    Ring<64> ring;
    auto rings = ring.start(dma(rig.world.memory.allocate(16384)), {64, true}).value();
    CHECK(rings.driver.raw() - rings.desc.raw() == 64 * 16);
    CHECK(rings.device.raw() - rings.desc.raw() == 4096);  // the used ring, QueueAlign later
    REQUIRE(rig.device.enable(0, rings).has_value());
    const auto pfn = access_text('w', 0x040, 4, static_cast<u32>(rings.desc.raw() / 4096));
    CHECK(rig.accessed()
          == Lines{"w030=0", "r040", "w030=0", "r034", "w030=0", "w038=40", "w03c=1000", pfn,
                   "r040"});
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("going, notifying and giving up are a write each", "[libvirtio][device][T3][T10][M3]")
{
    Rig rig{2};
    Ring<64> ring;
    const auto rings = ring.start(dma(rig.world.memory.allocate(16384)), {64, true}).value();
    REQUIRE(rig.device.negotiate(wish).has_value());
    REQUIRE(rig.device.enable(0, rings).has_value());
    (void)rig.accessed();
    REQUIRE(rig.device.go().has_value());
    CHECK(rig.accessed() == Lines{"w070=f", "r070"});  // DRIVER_OK, and NEEDS_RESET not yet
    rig.device.notify(0);
    CHECK(rig.accessed() == Lines{"w050=0"});
    rig.device.give_up();
    rig.device.give_up();
    CHECK(rig.accessed() == Lines{"w070=8f"});  // FAILED, said once
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("an interrupt costs a read and a write, and a third access only when the configuration "
          "changed",
          "[libvirtio][device][T6][M4]")
{
    Rig rig{GENERATE(1u, 2u)};
    REQUIRE(rig.device.negotiate(wish).has_value());
    (void)rig.accessed();
    (void)rig.device.acknowledge();
    CHECK(rig.accessed() == Lines{"r060"});
    rig.mmio.change_config();
    CHECK(rig.device.acknowledge().config_change);
    CHECK(rig.accessed() == Lines{"r060", "w064=2", "r070"});
    CHECK_FALSE(rig.device.acknowledge().config_change);  // taken back
}

TEST_CASE("a reset takes all queues back, and a device that was reset comes up again",
          "[libvirtio][device][T4][M2][M8]")
{
    Rig rig{GENERATE(1u, 2u)};
    Ring<64> ring;
    const auto memory = dma(rig.world.memory.allocate(16384));
    for (int round = 0; round < 3; ++round) {
        REQUIRE(rig.device.negotiate(wish).has_value());
        const auto rings = ring.start(memory, {64, true}).value();
        REQUIRE(rig.device.enable(0, rings).has_value());
        REQUIRE(rig.device.go().has_value());
        CHECK(rig.device.enable(0, rings).error() == Errc::busy);
        REQUIRE(rig.device.reset().has_value());
        CHECK(rig.mmio.status() == 0);
        CHECK_FALSE(rig.mmio.queue().running());
    }
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a queue that is not there is found out by its maximum alone", "[libvirtio][device][M9]")
{
    Rig rig{GENERATE(1u, 2u)};
    REQUIRE(rig.device.negotiate(wish).has_value());
    for (const u16 queue : {u16{1}, u16{64}, u16{0xffff}}) {
        CHECK(rig.device.queue_size(queue, 64).error() == Errc::not_found);
        CHECK(rig.device.enable(queue, apart).error() == Errc::not_found);
    }
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a device that went away is nothing, and does not hang its driver",
          "[libvirtio][device][hostile][LD31]")
{
    Rig rig{GENERATE(1u, 2u)};
    REQUIRE(rig.device.negotiate(wish).has_value());
    rig.bus.gone = true;
    const auto why = rig.device.acknowledge();
    CHECK(why.needs_reset);  // so its driver recovers, and fails
    CHECK(rig.device.reset().error() == Errc::timed_out);
    CHECK(rig.device.negotiate(wish).error() == Errc::timed_out);
    CHECK(rig.device.enable(0, apart).error() == Errc::busy);
    CHECK(Device<Log>::probe(rig.bus).error() == Errc::wrong_kind);
}
