// tests/host/clients/disk_rig.hpp - a disk service in one thread: blkd's server and the virtio
// driver over the device model, behind the bench.
#pragma once

#include "bench.hpp"
#include "server.hpp"

#include <cstdlib>

#include <block/disk.hpp>
#include <model/blk.hpp>
#include <model/mmio.hpp>

struct DiskRig {
    using Disk = blkd::VirtioDisk<model::Mmio>;

    // For tests and fuzzers alike.
    static void must(bool holds)
    {
        if (!holds)
            std::abort();
    }

    explicit DiskRig(model::BlkOptions options = {}, model::MmioOptions transport = {})
        : blk{world, std::move(options)}, mmio{blk, world, transport}
    {
        device = virtio::Device<model::Mmio>::probe(mmio).value();
        const auto memory = world.memory.allocate(Disk::memory_bytes().raw());
        const virtio::DmaRegion region{memory.memory, DeviceAddr{memory.address},
                                       Bytes{memory.bytes}};
        must(driver.start(*device, region).has_value());
        must(driver.identify([] { return Result<>{}; }).has_value());
        server.emplace(driver,
                       blkd::Server<Disk>::Means{
                           {bench.give(abi::Kind::device)}, {notification}, 1, &inbox, &accesses});
        bench.offer(
            "disk0",
            [this](const sys::Incoming& in) {
                return sys::dispatch(proto::block::Protocol{}, *server, in);
            },
            [this](u64 badge) { server->forget(badge); });
        bench.pump = [this] { return pump(); };
        handles_at_rest = bench.handles();
    }

    // One turn of the server's loop, if something woke it. It rings before it would sleep.
    bool pump()
    {
        if (mmio.interrupt())
            bench.raise(notification, abi::Bits::at(blkd::interrupt_bit));
        const abi::Bits woken = bench.take_bits(notification);
        if (woken.empty() && server->next_deadline() == abi::never)
            return false;
        must(server->step(woken).has_value());
        inbox.ring_now();
        return true;
    }
    void settle()
    {
        while (pump()) {}
    }

    // Ends the n-th request that the device holds back, and tells the driver.
    void finish(usize which)
    {
        mmio.act([&](model::Queue& queue) { blk.finish(queue, which); });
    }

    bool at_rest() const
    {
        return bench.handles() == handles_at_rest && bench.mappings() == 0 && bench.pins() == 0;
    }

    model::World world;
    model::Blk blk;
    model::Mmio mmio;
    bench::Bench bench{world.memory};
    abi::Slot notification = bench.give(abi::Kind::notification);
    std::optional<virtio::Device<model::Mmio>> device;
    Disk driver;
    sys::Inbox inbox{{}, blkd::Server<Disk>::handles_taken};
    u64 accesses = 0;
    std::optional<blkd::Server<Disk>> server;
    usize handles_at_rest = 0;
};
