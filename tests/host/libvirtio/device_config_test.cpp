// tests/host/libvirtio/device_config_test.cpp - the configuration space: fields of every width, and
// several that must be of one moment.
#include "register_log.hpp"

#include <array>
#include <cstring>

#include <catch2/catch.hpp>
#include <virtio/device.hpp>

using namespace virtio;
using Lines = std::vector<std::string>;

namespace {

// Registers of a device that is only configuration.
struct Fields {
    explicit Fields(u32 which) : version{which} {}

    template <class T>
    T at(u32 offset)
    {
        changes(offset);
        T value{};
        std::memcpy(&value, &bytes[offset - 0x100], sizeof value);
        return value;
    }
    u8 read8(u32 offset) { return at<u8>(offset); }
    u16 read16(u32 offset) { return at<u16>(offset); }
    u32 read32(u32 offset)
    {
        if (offset == 0x000)
            return 0x74726976;
        if (offset == 0x004)
            return version;
        if (offset == 0x0fc)
            return generation;
        return offset < 0x100 ? 2 : at<u32>(offset);
    }
    void write8(u32 offset, u8 value) { bytes[offset - 0x100] = value; }
    void write16(u32 offset, u16 value) { std::memcpy(&bytes[offset - 0x100], &value, 2); }
    void write32(u32 offset, u32 value) { std::memcpy(&bytes[offset - 0x100], &value, 4); }

    u32 version;
    u32 generation = 7;
    std::array<u8, 32> bytes{};
    std::function<void(u32)> changes = [](u32) {};
};

using Log = RegisterLog<Fields>;

struct Config {
    static constexpr Register<Config, u64, Access::rw> wide{0};
    static constexpr Register<Config, u32, Access::rw> word{8};
    static constexpr Register<Config, u16, Access::rw> half{12};
    static constexpr Register<Config, u8, Access::rw> byte{15};
};

struct Rig {
    explicit Rig(u32 version)
        : fields{version}, bus{fields}, device{Device<Log>::probe(bus).value()}
    {
        bus.log.clear();
    }

    Fields fields;
    Log bus;
    Device<Log> device;
};

}  // namespace

TEST_CASE("config fields are read and written in their own width", "[libvirtio][device][T1][T2]")
{
    Rig rig{GENERATE(1u, 2u)};
    const auto config = rig.device.config<Config>();
    config.write(Config::wide, 0x1122'3344'5566'7788);
    config.write(Config::word, 0x99aa'bbcc);
    config.write(Config::half, u16{0xddee});
    config.write(Config::byte, u8{0xff});
    CHECK(rig.bus.log
          == Lines{"w100=55667788", "w104=11223344", "w108=99aabbcc", "w10c.2=ddee", "w10f.1=ff"});
    rig.bus.log.clear();
    CHECK(config.read(Config::wide) == 0x1122'3344'5566'7788);
    CHECK(config.read(Config::word) == 0x99aa'bbcc);
    CHECK(config.read(Config::half) == 0xddee);
    CHECK(config.read(Config::byte) == 0xff);
    CHECK(rig.bus.log == Lines{"r100", "r104", "r108", "r10c.2", "r10f.1"});
}

TEST_CASE("fields that are read together are of one generation",
          "[libvirtio][device][T2][M11][LD18]")
{
    Rig rig{2};
    int left = 2;
    rig.fields.changes = [&](u32 offset) {
        if (offset == 0x108 && left-- > 0) {  // between the two
            ++rig.fields.bytes[0];
            ++rig.fields.bytes[8];
            ++rig.fields.generation;
        }
    };
    const auto pair = rig.device.config<Config>(
        [](const auto& c) { return std::pair{c.read(Config::wide), c.read(Config::word)}; });
    REQUIRE(pair.has_value());
    CHECK(*pair == std::pair{u64{2}, 2u});
    CHECK(rig.bus.log
          == Lines{"r0fc", "r100", "r104", "r108", "r0fc",    //
                   "r0fc", "r100", "r104", "r108", "r0fc",    //
                   "r0fc", "r100", "r104", "r108", "r0fc"});  // the generation stayed
}

TEST_CASE("a legacy device, which has no generation, is believed what it says twice",
          "[libvirtio][device][T2][LD18]")
{
    Rig rig{1};
    int left = 3;
    rig.fields.changes = [&](u32 offset) { rig.fields.bytes[4] += offset == 0x104 && left-- > 0; };
    const auto value =
        rig.device.config<Config>([](const auto& c) { return c.read(Config::wide); });
    CHECK(value.value() == u64{3} << 32);
    CHECK(rig.bus.log.size() == 2 * 4);
}

TEST_CASE("a configuration that changes at each look is given up on after some",
          "[libvirtio][device][hostile][LD18]")
{
    Rig rig{GENERATE(1u, 2u)};
    rig.fields.changes = [&](u32) {
        ++rig.fields.bytes[8];
        ++rig.fields.generation;
    };
    const auto value =
        rig.device.config<Config>([](const auto& c) { return c.read(Config::word); });
    CHECK(value.error() == Errc::device_fault);
    CHECK(rig.bus.log.size() < 300);
}
