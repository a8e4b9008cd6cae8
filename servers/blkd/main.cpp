// blkd/main.cpp - brings the disk up, then sleeps until something happened and moves every request
// one step on.
#include "server.hpp"

#include <common/negotiation_report.hpp>
#include <common/virtio_platform.hpp>
#include <proto/names.hpp>
#include <sys/session.hpp>

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
Result<> say_ready(const sys::Startup& given,
                   const virtio::Device<common::DeviceBus>& device,
                   const common::DriverMemory& memory)
{
    auto shared = sys::duplicate(memory.memory.memory(), abi::right::read | abi::right::transfer);
    if (!shared)
        return fail(shared.error());
    sys::HandleSet carried;
    if (const auto added = carried.add(std::move(*shared)); !added)
        return added;
    const bool packed = device.negotiation().accepted.has(virtio::Feature::ring_packed);
    const virtio::RingAddresses& rings = disk.rings();
    const auto offset = [&](DeviceAddr at) {
        return static_cast<u32>(at.raw() - memory.memory.address().raw());
    };
    const proto::names::RequestRing ring{
        .entries = rings.size,
        .packed = u16{packed},
        .queue = 0,
        .reserved = 0,
        .driver = offset(packed ? rings.desc : rings.driver),
        .device = offset(rings.device),
    };
    return sys::say_ready<proto::names::Ready>(given, {ring}, std::move(carried));
}

Result<> serve(sys::Inbox& inbox)
{
    for (;;) {
        const auto event = inbox.next(server->next_deadline());
        if (!event)
            return fail(event.error());
        if (const auto done = server->step(event->bits); !done)
            return done;
        if (event->gone())
            server->forget(event->badge);
        if (event->request())
            inbox.answer(sys::dispatch(proto::block::Protocol{}, *server, *event));
    }
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
    const auto memory = common::DriverMemory::create(platform->device, Disk::memory_bytes());
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
    if (const auto ready = say_ready(given, *device, *memory); !ready)
        return ready;
    return serve(inbox);
}
