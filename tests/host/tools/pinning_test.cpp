// pinning_test.cpp - devices and their slots.
#include "fixtures.hpp"
#include "pinning.hpp"

#include <set>

#include <catch2/catch.hpp>

using namespace vireo;

namespace {

Device device(const std::string& name, DeviceType type, std::optional<u32> slot = std::nullopt)
{
    Device made;
    made.name.text = name;
    made.type = type;
    made.wanted_slot = slot;
    return made;
}

std::vector<u32> pinned(std::vector<Device> devices)
{
    System system;
    system.devices = std::move(devices);
    pin_devices(system);
    std::vector<u32> slots;
    slots.reserve(system.devices.size());
    for (const auto& one : system.devices)
        slots.push_back(one.slot);
    return slots;
}

}  // namespace

TEST_CASE("the busiest devices get pages of their own, whatever their order in the file")
{
    using enum DeviceType;
    CHECK(pinned({device("k", keyboard), device("r", random), device("n", network),
                  device("d", block)})
          == std::vector<u32>{24, 16, 8, 0});
}

TEST_CASE("further devices fill the pages evenly")
{
    using enum DeviceType;
    CHECK(pinned({device("d0", block), device("d1", block), device("n0", network),
                  device("n1", network), device("r", random), device("k", keyboard),
                  device("t", tablet), device("t2", tablet), device("t3", tablet)})
          == std::vector<u32>{0, 8, 16, 24, 25, 17, 9, 1, 26});
}

TEST_CASE("a slot that the file asks for stays, and its page counts as used")
{
    using enum DeviceType;
    CHECK(pinned({device("d", block), device("r", random, 3), device("n", network)})
          == std::vector<u32>{8, 3, 16});
    CHECK(pinned({device("d", block), device("r", random, 0)}) == std::vector<u32>{8, 0});
}

TEST_CASE("thirty-two devices have thirty-two slots")
{
    const std::vector<Device> devices(32, device("d", DeviceType::block));
    const auto slots = pinned(devices);
    CHECK(std::set<u32>(slots.begin(), slots.end()).size() == 32);
}
