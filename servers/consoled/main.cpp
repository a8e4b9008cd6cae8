// consoled/main.cpp - takes the serial line over, then sleeps until somebody types or asks.
#include "server.hpp"

#include <common/serving.hpp>
#include <sys/log.hpp>

namespace {

using Uart = consoled::Pl011<common::DeviceBus>;

}  // namespace

Result<> run(const sys::Startup& given)
{
    const auto endpoint = given.grant<sys::Endpoint>("serve");
    if (!endpoint)
        return fail(endpoint.error());
    const auto platform = common::DevicePlatform::open(given, consoled::interrupt_bit);
    if (!platform)
        return fail(platform.error());
    const auto about = sys::info(platform->device);
    if (!about)
        return fail(about.error());
    if ((about->flags & abi::DeviceFlags::serial) == 0)
        return fail(Errc::not_supported);

    Uart uart{platform->bus};
    consoled::Server<Uart> server{uart};
    server.begin();
    sys::log(sys::Level::info, "console", {{"line", "pl011"}});
    if (const auto ready = common::say_ready(given, *platform); !ready)
        return ready;
    sys::Inbox inbox{*endpoint, consoled::Server<Uart>::handles_taken};
    return common::serve(proto::console::Protocol{}, inbox, *platform, server);
}
