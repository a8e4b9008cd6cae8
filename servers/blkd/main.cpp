// blkd/main.cpp - brings the disk up, then sleeps until something happened and moves every request
// one step on.
#include "server.hpp"

#include <common/negotiation_report.hpp>
#include <common/serving.hpp>

namespace {

using Disk = blkd::VirtioDisk<common::DeviceBus>;

// Too big for a stack, and in use as long as the process lives.
constinit Disk disk;
[[clang::no_destroy]] constinit std::optional<blkd::Server<Disk>> server;

void announce(const virtio::Device<common::DeviceBus>& device, const common::DeviceBus& bus)
{
    const auto& info = disk.info();
    sys::log(sys::Level::info, "disk",
             {{"sectors", info.capacity.raw()},
              {"block", info.block_bytes},
              {"runs", disk.max_runs()},
              {"mode", info.read_only    ? "read-only"
                       : info.write_back ? "write-back"
                                         : "write-through"},
              {"virtio", device.version()},
              {"offered", text::Hex{device.negotiation().offered.mask()}},
              {"features", text::Hex{device.negotiation().accepted.mask()}},
              {"registers", bus.mapped() ? "mapped" : "by call"}});
}

// Where init finds out, after our death, whether the device still writes.
proto::names::RequestRing ring_of(const virtio::Device<common::DeviceBus>& device,
                                  const common::DriverMemory& memory)
{
    const bool packed = device.negotiation().accepted.has(virtio::Feature::ring_packed);
    const virtio::RingAddresses& rings = disk.rings();
    const auto offset = [&](DeviceAddr at) {
        return static_cast<u32>(at.raw() - memory.memory.address().raw());
    };
    return {
        .entries = rings.size,
        .packed = u16{packed},
        .queue = 0,
        .reserved = 0,
        .driver = offset(packed ? rings.desc : rings.driver),
        .device = offset(rings.device),
    };
}

}  // namespace

Result<> run(const sys::Startup& given)
{
    const auto endpoint = given.grant<sys::Endpoint>("serve");
    if (!endpoint)
        return fail(endpoint.error());
    auto platform = common::DevicePlatform::open(given, blkd::interrupt_bit);
    if (!platform)
        return fail(platform.error());
    const auto memory = common::DriverMemory::create_kept(platform->device, Disk::memory_bytes());
    if (!memory)
        return fail(memory.error());
    auto device = virtio::Device<common::DeviceBus>::probe(platform->bus);
    if (!device)
        return fail(device.error());
    if (const auto started = disk.start(*device, *memory); !started) {
        common::report_failure(*device, started.error());
        return started;
    }
    const auto wait = [&] { return platform->wait(sys::after_ms(5000)); };
    if (const auto named = disk.identify(wait); !named)
        return named;
    announce(*device, platform->bus);

    sys::Inbox inbox{*endpoint, blkd::Server<Disk>::handles_taken};
    server.emplace(disk,
                   blkd::Server<Disk>::Means{platform->device, platform->notification.borrow(),
                                             given.epoch(), &inbox, &platform->bus.accesses()});
    const auto ready = common::say_ready(given, *platform, ring_of(*device, *memory), &*memory);
    if (!ready)
        return ready;
    return common::serve(proto::block::Protocol{}, inbox, *platform, *server);
}
