// tests/host/libvirtio/entropy_test.cpp - random bytes: all that were written, each once, no
// others.
#include "rig.hpp"

using namespace virtio;
using model::Lie;

namespace {

struct Rig {
    using Driver = entropy::Driver<model::Mmio>;

    explicit Rig(model::MmioOptions options = {})
        : source{world},
          mmio{source, world, options},
          device{Device<model::Mmio>::probe(mmio).value()},
          memory{dma(world.memory.allocate(Driver::memory_bytes().raw()))}
    {
    }

    Result<> start(entropy::Options options = {}) { return driver.start(device, memory, options); }

    // Keeps four requests going for so many rounds; how often something was not as it must be.
    u64 draw(int rounds, usize expected)
    {
        u64 wrong = 0;
        for (int i = 0; i < rounds; ++i) {
            while (driver.request()) {}
            wrong += driver.in_flight() == 4 && driver.kick() ? 0 : 1;
            while (const auto taken = driver.take(out)) {
                const usize count = taken->value();
                wrong += count == expected ? 0 : 1;
                for (usize k = 0; k < count; ++k)
                    wrong += static_cast<u8>(out[k]) == model::Entropy::byte(total++) ? 0 : 1;
            }
        }
        return wrong;
    }

    model::World world;
    model::Entropy source;
    model::Mmio mmio;
    Device<model::Mmio> device;
    DmaRegion memory;
    Driver driver;
    std::array<std::byte, 64> out{};
    u64 total = 0;  // bytes that came
};

}  // namespace

TEST_CASE("random bytes arrive, each once and in order", "[libvirtio][entropy][R1][R2]")
{
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    Rig rig{offered};
    REQUIRE(rig.start().has_value());
    rig.source.most_bytes = GENERATE(1u, 63u, 64u, 1000u);
    const usize expected = std::min(64u, rig.source.most_bytes);
    CHECK(rig.draw(200, expected) == 0);
    CHECK(rig.total == 800 * expected);
    CHECK(rig.total == rig.source.given);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("random bytes go on past the wrap of the index", "[libvirtio][entropy]")
{
    Rig rig{{.event_idx = GENERATE(true, false), .packed = GENERATE(true, false)}};
    REQUIRE(rig.start().has_value());
    rig.source.most_bytes = 1;
    CHECK(rig.draw(16'500, 1) == 0);
    CHECK(rig.total == 66'000);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("bytes are wiped from the shared memory when they are taken", "[libvirtio][entropy]")
{
    Rig rig;
    REQUIRE(rig.start({.buffers = 1, .buffer_bytes = 64}).has_value());
    REQUIRE(rig.driver.request().has_value());
    (void)rig.driver.kick();
    REQUIRE(got(rig.driver.take(rig.out)).has_value());
    const auto* buffer = rig.memory.memory + Queue<1>::memory_bytes(1).raw();
    CHECK(std::all_of(buffer, buffer + 64, [](std::byte b) { return b == std::byte{0}; }));
}

TEST_CASE("bytes go to memory of somebody else, and its name comes back", "[libvirtio][entropy]")
{
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    Rig rig{offered};
    REQUIRE(rig.start().has_value());
    const auto page = rig.world.memory.allocate(4096);
    std::fill_n(page.memory, 4096, std::byte{0x5a});
    u64 wrong = 0;
    for (u16 round = 0; round < 100; ++round) {  // in turn with bytes for the driver's own buffers
        REQUIRE(rig.driver.request_into(DeviceAddr{page.address + 8}, 1000, round).has_value());
        REQUIRE(rig.driver.request().has_value());
        CHECK(rig.driver.kick());
        const auto first = rig.driver.take_any(rig.out);
        const auto second = rig.driver.take_any(rig.out);
        REQUIRE((first && *first && second && *second));
        CHECK(((*first)->tag == round && (*first)->bytes == 1000));
        CHECK((!(*second)->tag && (*second)->bytes == 64));
        for (usize k = 0; k < 1000; ++k)
            wrong +=
                static_cast<u8>(page.memory[8 + k]) == model::Entropy::byte(rig.total++) ? 0 : 1;
        for (usize k = 0; k < 64; ++k)
            wrong += static_cast<u8>(rig.out[k]) == model::Entropy::byte(rig.total++) ? 0 : 1;
    }
    CHECK(wrong == 0);
    CHECK(page.memory[7] == std::byte{0x5a});
    CHECK(page.memory[1008] == std::byte{0x5a});
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("asking for more than there are buffers waits", "[libvirtio][entropy]")
{
    Rig rig;
    CHECK(rig.driver.request().error() == Errc::device_fault);  // not started
    CHECK_FALSE(rig.driver.take(rig.out).has_value());
    REQUIRE(rig.start({.buffers = 3}).has_value());  // rounded down to 2
    rig.source.stalled = true;
    REQUIRE(rig.driver.request().has_value());
    REQUIRE(rig.driver.request().has_value());
    CHECK(rig.driver.request().error() == Errc::would_block);
    CHECK(rig.driver.kick());
    CHECK_FALSE(rig.driver.take(rig.out).has_value());
    CHECK(rig.driver.in_flight() == 2);
    rig.source.stalled = false;
    rig.mmio.run();
    CHECK(got(rig.driver.take(rig.out)).value() == 64);
    CHECK(rig.driver.request().has_value());
}

TEST_CASE("what does not fit the caller's buffer is lost, not given again", "[libvirtio][entropy]")
{
    Rig rig;
    REQUIRE(rig.start().has_value());
    REQUIRE(rig.driver.request().has_value());
    REQUIRE(rig.driver.request().has_value());
    (void)rig.driver.kick();
    std::array<std::byte, 10> ten{};
    CHECK(got(rig.driver.take(ten)).value() == 10);
    CHECK(got(rig.driver.take(ten)).value() == 10);
    CHECK(static_cast<u8>(ten[0]) == model::Entropy::byte(64));
}

TEST_CASE("an empty answer is refused and its buffer is ours again",
          "[libvirtio][entropy][hostile][LD29]")
{
    Rig rig;
    REQUIRE(rig.start({.buffers = 1}).has_value());
    rig.world.lies.arm(Lie::no_bytes, 0, 1);
    REQUIRE(rig.driver.request().has_value());
    (void)rig.driver.kick();
    CHECK(got(rig.driver.take(rig.out)).error() == Errc::device_fault);
    CHECK_FALSE(rig.driver.broken());
    REQUIRE(rig.driver.request().has_value());
    (void)rig.driver.kick();
    CHECK(got(rig.driver.take(rig.out)).value() == 64);
}

TEST_CASE("an entropy device that lies is reset and serves again", "[libvirtio][entropy][hostile]")
{
    const auto offered = GENERATE(from_range(every_device()));
    INFO(shown(offered));
    Rig rig{offered};
    REQUIRE(rig.start().has_value());
    rig.world.lies.arm(
        GENERATE(Lie::id_out_of_range, Lie::id_not_given, Lie::length_over_total, Lie::used_twice),
        0, 1);
    REQUIRE(rig.driver.request().has_value());
    (void)rig.driver.kick();
    auto taken = got(rig.driver.take(rig.out));
    if (taken)
        taken = got(rig.driver.take(rig.out));
    CHECK(taken.error() == Errc::device_fault);
    CHECK(rig.driver.broken());
    CHECK(rig.driver.request().error() == Errc::device_fault);
    REQUIRE(rig.driver.recover().has_value());
    REQUIRE(rig.driver.request().has_value());
    (void)rig.driver.kick();
    CHECK(got(rig.driver.take(rig.out)).value() == 64);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("an entropy driver needs buffers, memory and the right device", "[libvirtio][entropy]")
{
    Rig rig;
    CHECK(rig.start({.buffers = 0}).error() == Errc::bad_argument);
    CHECK(rig.start({.buffer_bytes = 0}).error() == Errc::bad_argument);
    rig.memory.size = Bytes{rig.memory.size.raw() - 1};
    CHECK(rig.start().error() == Errc::no_space);
    CHECK((rig.mmio.status() & 128) != 0);
    BlkRig disk;
    CHECK(rig.driver.start(disk.device, rig.memory).error() == Errc::wrong_kind);
}
