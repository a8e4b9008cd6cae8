// consoled/main.cpp - takes its line over, a PL011 or a virtio console, then sleeps until somebody
// types or asks.
#include "pl011.hpp"
#include "server.hpp"
#include "virtio_line.hpp"

#include <common/negotiation_report.hpp>
#include <common/serving.hpp>

namespace {

using Bus = common::DeviceBus;

// Too big for a stack.
constinit consoled::VirtioLine<Bus> virtio_line;

template <consoled::Line L>
Result<> serve(const sys::Startup& given, const common::DevicePlatform& platform, L& line)
{
    const auto endpoint = given.grant<sys::Endpoint>("serve");
    if (!endpoint)
        return fail(endpoint.error());
    consoled::Server<L> server{line};
    server.begin();
    if (const auto ready = common::say_ready(given, platform); !ready)
        return ready;
    sys::Inbox inbox{*endpoint, consoled::Server<L>::handles_taken};
    return common::serve(proto::console::Protocol{}, inbox, platform, server);
}

Result<> serve_serial(const sys::Startup& given, const common::DevicePlatform& platform)
{
    consoled::Pl011<Bus> uart{platform.bus};
    sys::log(sys::Level::info, "console", {{"line", "pl011"}});
    return serve(given, platform, uart);
}

Result<> serve_virtio(const sys::Startup& given, common::DevicePlatform& platform)
{
    const auto memory = common::DriverMemory::create_kept(
        platform.device, consoled::VirtioLine<Bus>::memory_bytes());
    if (!memory)
        return fail(memory.error());
    auto transport = virtio::Device<Bus>::probe(platform.bus);
    if (!transport)
        return fail(transport.error());
    if (const auto started = virtio_line.start(*transport, *memory); !started) {
        virtio_line.last_words("\r\n-- the console's device does not start\r\n");
        common::report_failure(*transport, started.error());
        return started;
    }
    sys::log(sys::Level::info, "console",
             {{"line", "virtio"},
              {"virtio", transport->version()},
              {"offered", text::Hex{transport->negotiation().offered.mask()}},
              {"features", text::Hex{transport->negotiation().accepted.mask()}},
              {"registers", platform.bus.mapped() ? "mapped" : "by call"}});
    return serve(given, platform, virtio_line);
}

}  // namespace

Result<> run(const sys::Startup& given)
{
    auto platform = common::DevicePlatform::open(given, consoled::interrupt_bit);
    if (!platform)
        return fail(platform.error());
    const auto about = sys::info(platform->device);
    if (!about)
        return fail(about.error());
    const bool serial = (about->flags & abi::DeviceFlags::serial) != 0;
    return serial ? serve_serial(given, *platform) : serve_virtio(given, *platform);
}
