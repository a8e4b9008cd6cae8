// tests/host/common/device_bus_test.cpp - the two ways to a device's registers.
#include "fake_kernel.hpp"

#include <map>

#include <catch2/catch.hpp>
#include <common/device_bus.hpp>

namespace {

constexpr u64 window = 0x10'0000'0000;

// What a mapped window would be: a note of each access.
struct Access1 {
    u32 width;
    u64 address;
    u64 value;  // written; reads give it too

    friend bool operator==(const Access1&, const Access1&) = default;
};
std::vector<Access1> accesses;

struct FakeRegisters {
    template <class T>
    static T load(u64 address)
    {
        accesses.push_back({sizeof(T), address, 0});
        return static_cast<T>(0x8877'6655);
    }
    template <class T>
    static void store(u64 address, T value)
    {
        accesses.push_back({sizeof(T), address, value});
    }
};
using Bus = common::BusOver<FakeRegisters>;
static_assert(virtio::Bus<Bus>);

// A kernel that has one device, and this to say of its page.
struct Rig {
    explicit Rig(Errc answer)
    {
        accesses.clear();
        kernel.other = [answer](abi::Syscall call, sys::Registers& r) {
            CHECK(call == abi::Syscall::map_device);
            r.x = {static_cast<u64>(answer), window, 0x200, 0, 0, 0, 0, 0};
        };
    }
    auto& registers() { return kernel.at(device.slot)->registers; }

    fake::Kernel kernel;
    sys::Borrowed<sys::Device> device{kernel.give_device(2)};
};

}  // namespace

TEST_CASE("registers in a page of their own are mapped, and no call reaches them", "[common][T1]")
{
    Rig rig{Errc::ok};
    const auto bus = Bus::open(rig.device).value();
    CHECK(bus.mapped());
    const u64 calls = rig.kernel.calls();
    CHECK(bus.read8(0x103) == 0x55);
    CHECK(bus.read16(0x104) == 0x6655);
    CHECK(bus.read32(0x070) == 0x8877'6655);
    bus.write8(0x120, 1);
    bus.write16(0x122, 2);
    bus.write32(0x050, 3);
    CHECK(accesses
          == std::vector<Access1>{{1, window + 0x103, 0},
                                  {2, window + 0x104, 0},
                                  {4, window + 0x070, 0},
                                  {1, window + 0x120, 1},
                                  {2, window + 0x122, 2},
                                  {4, window + 0x050, 3}});
    CHECK(rig.kernel.calls() == calls);
    CHECK(bus.accesses() == 6);
}

TEST_CASE("registers on a page with those of others are reached by a call each", "[common][T1]")
{
    Rig rig{Errc::not_exclusive};
    const auto bus = Bus::open(rig.device).value();
    CHECK_FALSE(bus.mapped());
    rig.registers() = {{0x103, 0x11}, {0x104, 0x2222}, {0x070, 0x3333'3333}};
    const u64 calls = rig.kernel.calls();
    CHECK(bus.read8(0x103) == 0x11);
    CHECK(bus.read16(0x104) == 0x2222);
    CHECK(bus.read32(0x070) == 0x3333'3333);
    bus.write8(0x120, 1);
    bus.write16(0x122, 2);
    bus.write32(0x050, 3);
    CHECK(rig.registers()[0x120] == 1);
    CHECK(rig.registers()[0x122] == 2);
    CHECK(rig.registers()[0x050] == 3);
    CHECK(rig.kernel.calls() == calls + 6);
    CHECK(bus.accesses() == 6);
    CHECK(accesses.empty());
}

TEST_CASE("a call that is refused reads as a device that is gone", "[common][hostile][LD31]")
{
    Rig rig{Errc::not_exclusive};
    const auto bus = Bus::open(rig.device).value();
    CHECK(bus.read32(0x200) == ~u32{0});  // beyond the window
    CHECK(bus.read16(0x101) == 0xffff);   // misaligned
    CHECK(bus.read8(0x200) == 0xff);
    bus.write32(0x200, 5);
    CHECK(rig.registers().count(0x200) == 0);
}

TEST_CASE("registers that nobody may have are an error", "[common]")
{
    Rig rig{Errc::denied};
    CHECK(Bus::open(rig.device).error() == Errc::denied);
}
