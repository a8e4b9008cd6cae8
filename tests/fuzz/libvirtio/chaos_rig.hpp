// chaos_rig.hpp - a driver between two scripts: one says what its caller does, the other what its
// device does. When the device's is used up, the device is honest, but for lies that it has begun.
#pragma once

#include "script.hpp"

#include <array>
#include <cstdlib>
#include <optional>

#include <model/chaos.hpp>
#include <virtio/device.hpp>
#include <virtio/run.hpp>

inline void demand(bool held)
{
    if (!held)
        std::abort();
}

// Chaos, but for a reset that never ends: a driver looks a hundred thousand times, which is worth
// trying now and then only.
struct ChaosBus {
    model::Chaos chaos;
    model::World& world;
    bool patient = false;
    u32 looks = 0;

    u8 read8(u32 offset) { return chaos.read8(offset); }
    u16 read16(u32 offset) { return chaos.read16(offset); }
    u32 read32(u32 offset)
    {
        if (offset == status && !patient && ++looks > 50)
            chaos.mmio.write32(status, 0);
        return chaos.read32(offset);
    }
    void write8(u32 offset, u8 value) { chaos.write8(offset, value); }
    void write16(u32 offset, u16 value) { chaos.write16(offset, value); }
    void write32(u32 offset, u32 value)
    {
        looks = 0;
        chaos.write32(offset, value);
    }

    static constexpr u32 status = 0x070;
};

// What an input says before anything happens.
struct ChaosInput {
    model::MmioOptions registers;
    bool patient;
    std::span<const u8> device;
    std::span<const u8> caller;
};

template <class Model, class DriverType>
struct ChaosRig {
    using Driver = DriverType;

    template <class... Options>
    ChaosRig(const ChaosInput& input, u64 driver_bytes, u64 data_bytes, const Options&... options)
        : script{input.caller.data(), input.caller.size()},
          thing{world, options...},
          bus{.chaos = {thing, world, input.device, input.registers},
              .world = world,
              .patient = input.patient},
          memory{allocate(driver_bytes)},
          data{allocate(data_bytes)}
    {
        if (auto found = virtio::Device<ChaosBus>::probe(bus))
            device = *found;
    }

    virtio::DmaRegion allocate(u64 bytes)
    {
        const auto region = world.memory.allocate(bytes);
        return {region.memory, DeviceAddr{region.address}, Bytes{region.bytes}};
    }
    virtio::Run run(u64 offset, u32 length) const { return {data.address + Bytes{offset}, length}; }

    // The device goes on by itself, or another interrupt comes.
    void other_step()
    {
        switch (script.byte() % 4) {
        case 0:
            (void)device->acknowledge();
            break;
        case 1:
            bus.chaos.act();
            break;
        default:
            bus.chaos.mmio.poll();
        }
    }

    Script script;
    model::World world;
    Model thing;
    ChaosBus bus;
    virtio::DmaRegion memory;
    virtio::DmaRegion data;
    std::optional<virtio::Device<ChaosBus>> device;
    Driver driver;
};

// Which of some tags the driver has; each comes back once.
template <usize Count>
class Tags {
public:
    bool out(u64 tag) const { return out_[tag]; }
    void gave(u64 tag) { out_[tag] = true; }
    void back(u64 tag)
    {
        demand(tag < Count && out_[tag]);
        out_[tag] = false;
    }
    bool none() const { return out_ == std::array<bool, Count>{}; }

private:
    std::array<bool, Count> out_{};
};

// One input for each driver.
void fuzz_blk(const ChaosInput& input);
void fuzz_entropy(const ChaosInput& input);
void fuzz_net(const ChaosInput& input);
void fuzz_input(const ChaosInput& input);
void fuzz_console(const ChaosInput& input);
void fuzz_gpu(const ChaosInput& input);

// The device is found, or there is nothing to drive; then until the caller has no more to do.
template <class Rig>
void drive(Rig& rig)
{
    if (!rig.device)
        return;
    rig.start();
    while (!rig.script.empty())
        rig.step(rig.script.byte());
}
