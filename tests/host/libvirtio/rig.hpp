// tests/host/libvirtio/rig.hpp - a driver's surroundings: a model device, its registers, its
// memory.
#pragma once

#include <memory>

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

// What a driver and its device can agree on.
struct RingKind {
    bool packed = false;
    bool event_idx = true;
    bool indirect = true;
};

inline std::vector<RingKind> every_ring()
{
    std::vector<RingKind> kinds;
    for (const bool packed : {false, true})
        for (const bool event_idx : {true, false})
            for (const bool indirect : {true, false})
                kinds.push_back({packed, event_idx, indirect});
    return kinds;
}

// Devices that offer it: version 2 all, version 1 what is not packed.
inline std::vector<model::MmioOptions> every_device()
{
    std::vector<model::MmioOptions> devices;
    for (const RingKind& kind : every_ring())
        for (const u32 version : {1u, 2u})
            if (version == 2 || !kind.packed)
                devices.push_back({.version = version,
                                   .event_idx = kind.event_idx,
                                   .indirect = kind.indirect,
                                   .packed = kind.packed});
    return devices;
}

// For the message of a test that fails.
inline std::string shown(const RingKind& kind)
{
    return std::string{kind.packed ? "packed" : "split"} + (kind.event_idx ? " event_idx" : "")
           + (kind.indirect ? " indirect" : "");
}
inline std::string shown(const model::MmioOptions& device)
{
    return "version " + std::to_string(device.version) + " "
           + shown(RingKind{device.packed, device.event_idx, device.indirect});
}

// A queue and the other side of it, without registers.
template <u16 Max, u16 Reserved = 0>
struct QueueRig {
    explicit QueueRig(u16 size, RingKind kind = {}, u16 table_entries = 16)
        : options{size, kind.event_idx, kind.packed,
                  kind.indirect ? virtio::Tables{size, table_entries} : virtio::Tables{}}
    {
        if (kind.packed)
            other_side = std::make_unique<model::PackedQueue>(world);
        else
            other_side = std::make_unique<model::SplitQueue>(world);
        const auto bytes = virtio::Queue<Max>::memory_bytes(size, options.tables).raw();
        memory = dma(world.memory.allocate(bytes));
        buffer = world.memory.allocate(1 << 16);
        start();
    }

    // Again, too.
    void start()
    {
        rings = queue.start(memory, options).value();
        other().start({.size = options.size,
                       .desc = rings.desc.raw(),
                       .driver = rings.driver.raw(),
                       .device = rings.device.raw(),
                       .event_idx = options.event_idx,
                       .indirect = options.tables.count != 0});
    }

    model::Queue& other() { return *other_side; }
    virtio::Buffer reads(u32 length = 16) const
    {
        return {DeviceAddr{buffer.address}, length, false};
    }
    virtio::Buffer writes(u32 length = 512) const
    {
        return {DeviceAddr{buffer.address + 4096}, length, true};
    }
    // Offers one that the device writes so many bytes of.
    virtio::DescriptorIndex submit(u32 length)
    {
        return queue.submit(std::array{writes(length)}).value();
    }

    model::World world;
    virtio::QueueOptions options;
    std::unique_ptr<model::Queue> other_side;
    virtio::Queue<Max, Reserved> queue;
    virtio::DmaRegion memory;
    virtio::RingAddresses rings{};
    model::Memory::Region buffer{};
};
