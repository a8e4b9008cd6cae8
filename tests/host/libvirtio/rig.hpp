// tests/host/libvirtio/rig.hpp - a driver's surroundings: a model device, its registers, its
// memory.
#pragma once

#include <catch2/catch.hpp>
#include <model/blk.hpp>
#include <model/entropy.hpp>
#include <model/mmio.hpp>
#include <virtio/blk.hpp>
#include <virtio/entropy.hpp>
#include <virtio/queue.hpp>

static_assert(virtio::Bus<model::Mmio>);

inline virtio::DmaRegion dma(model::Memory::Region region)
{
    return {region.memory, DeviceAddr{region.address}, Bytes{region.bytes}};
}

// What an optional holds; the test ends here if it holds nothing.
template <class T>
T got(std::optional<T> there)
{
    REQUIRE(there.has_value());
    return *std::move(there);
}

// No complaints, and says which if there are any.
inline bool kept_the_rules(const model::World& world)
{
    for (const auto& complaint : world.complaints.list())
        UNSCOPED_INFO(complaint);
    return world.complaints.empty();
}

// A block device and its driver.
struct BlkRig {
    using Driver = virtio::blk::Driver<model::Mmio>;

    explicit BlkRig(model::MmioOptions mmio_options = {}, model::BlkOptions blk_options = {})
        : disk{world, std::move(blk_options)},
          mmio{disk, world, mmio_options},
          device{virtio::Device<model::Mmio>::probe(mmio).value()},
          memory{dma(world.memory.allocate(Driver::memory_bytes().raw()))},
          data{world.memory.allocate(1 << 20)}
    {
    }

    Result<> start(virtio::blk::Options options = {})
    {
        return driver.start(device, memory, options);
    }

    // The n-th 4 KiB of the data memory.
    virtio::blk::Run run(u32 n, u32 length = 4096) const
    {
        return {DeviceAddr{data.address + u64{n} * 4096}, length};
    }
    u8* bytes(u32 n) const { return reinterpret_cast<u8*>(data.memory) + u64{n} * 4096; }

    Result<> read(u64 tag, u64 sector, virtio::blk::Run one)
    {
        return driver.read(tag, virtio::blk::Sector{sector}, {&one, 1});
    }
    Result<> write(u64 tag, u64 sector, virtio::blk::Run one)
    {
        return driver.write(tag, virtio::blk::Sector{sector}, {&one, 1});
    }
    // Sends what is prepared; what came of the only request.
    virtio::blk::Done only_done()
    {
        (void)driver.kick();
        const auto done = got(driver.take());
        REQUIRE(done.has_value());
        REQUIRE_FALSE(driver.take().has_value());
        return *done;
    }

    model::World world;
    model::Blk disk;
    model::Mmio mmio;
    virtio::Device<model::Mmio> device;
    virtio::DmaRegion memory;
    model::Memory::Region data;
    Driver driver;
};

// A queue and the other side of it, without registers.
template <u16 Max>
struct QueueRig {
    explicit QueueRig(u16 size, bool event_idx = true) : other{world}
    {
        const auto bytes = virtio::RingLayout{size}.bytes().raw();
        rings = queue.start(dma(world.memory.allocate(bytes)), size, event_idx).value();
        other.start({size, rings.desc.raw(), rings.driver.raw(), rings.device.raw(), event_idx});
        buffer = world.memory.allocate(1 << 16);
    }

    virtio::Buffer reads(u32 length = 16) const
    {
        return {DeviceAddr{buffer.address}, length, false};
    }
    virtio::Buffer writes(u32 length = 512) const
    {
        return {DeviceAddr{buffer.address + 4096}, length, true};
    }

    model::World world;
    model::SplitQueue other;
    virtio::Queue<Max> queue;
    virtio::RingAddresses rings{};
    model::Memory::Region buffer{};
};
