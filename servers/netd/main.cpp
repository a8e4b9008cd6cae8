// netd/main.cpp - brings the network device up, then sleeps until something happened and moves
// every frame one step on.
#include "server.hpp"

#include <common/negotiation_report.hpp>
#include <common/serving.hpp>
#include <sys/time.hpp>

namespace {

using Nic = netd::VirtioNic<common::DeviceBus>;

// Too big for a stack, and in use as long as the process lives.
constinit Nic nic;
[[clang::no_destroy]] constinit std::optional<netd::Server<Nic>> server;

void announce(const virtio::Device<common::DeviceBus>& device, const common::DeviceBus& bus)
{
    text::Buffer<24> mac;
    for (const u8 byte : nic.mac()) {
        if (mac.size() != 0)
            mac.put(':');
        mac.hex(byte, 2);
    }
    sys::log(sys::Level::info, "network device",
             {{"mac", mac.view()},
              {"mtu", nic.info().mtu},
              {"link", nic.info().link_up ? "up" : "down"},
              {"virtio", device.version()},
              {"offered", text::Hex{device.negotiation().offered.mask()}},
              {"features", text::Hex{device.negotiation().accepted.mask()}},
              {"registers", bus.mapped() ? "mapped" : "by call"}});
}

// For a device without an address: nobody gave this one out, and that it is another one on each
// machine is as likely as the time of its start.
netd::net::Mac made_up()
{
    const u64 now = sys::now().raw() * 0x9e37'79b9'7f4a'7c15;
    netd::net::Mac mac{};
    std::memcpy(mac.data(), &now, mac.size());
    return mac;
}

bool allows_promiscuous(const sys::Startup& given)
{
    for (u32 n = 0; n < given.argument_count(); ++n)
        if (given.argument(n) == "promiscuous")
            return true;
    return false;
}

}  // namespace

Result<> run(const sys::Startup& given)
{
    const auto endpoint = given.grant<sys::Endpoint>("serve");
    if (!endpoint)
        return fail(endpoint.error());
    auto platform = common::DevicePlatform::open(given, netd::interrupt_bit);
    if (!platform)
        return fail(platform.error());
    const auto memory = common::DriverMemory::create_kept(platform->device, Nic::memory_bytes());
    if (!memory)
        return fail(memory.error());
    auto device = virtio::Device<common::DeviceBus>::probe(platform->bus);
    if (!device)
        return fail(device.error());
    if (const auto started = nic.start(*device, *memory, made_up()); !started) {
        common::report_failure(*device, started.error());
        return started;
    }
    announce(*device, platform->bus);

    sys::Inbox inbox{*endpoint, netd::Server<Nic>::handles_taken};
    server.emplace(nic, netd::Server<Nic>::Means{
                            .device = platform->device,
                            .notification = platform->notification.borrow(),
                            .epoch = given.epoch(),
                            .inbox = &inbox,
                            .register_accesses = &platform->bus.accesses(),
                            .promiscuous = allows_promiscuous(given),
                            .virtio = device->version(),
                            .offered = device->negotiation().offered,
                        });
    if (const auto ready = common::say_ready(given, *platform); !ready)
        return ready;
    // The buffers for what comes are shown to the device.
    if (const auto begun = server->step({}); !begun)
        return begun;
    return common::serve(proto::net::Protocol{}, inbox, *platform, *server);
}
