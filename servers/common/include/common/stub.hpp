// common/stub.hpp - a server that has no driver yet: it reads its device's registers, says Ready,
// and answers every message with not_supported.
#pragma once

#include <common/virtio_platform.hpp>
#include <proto/names.hpp>
#include <sys/log.hpp>
#include <sys/serve.hpp>
#include <sys/session.hpp>

namespace common {

// A protocol without methods: dispatch answers not_supported to all of it.
struct NoService {};

inline Result<> run_stub(const sys::Startup& given, virtio::DeviceType expected)
{
    const auto endpoint = given.grant<sys::Endpoint>("serve");
    const auto device = given.grant<sys::Device>("device");
    if (!endpoint || !device)
        return fail(Errc::not_found);
    auto bus = DeviceBus::open(*device);
    if (!bus)
        return fail(bus.error());
    const auto found = virtio::Device<DeviceBus>::probe(*bus);
    if (!found)
        return fail(found.error());
    if (found->type() != expected)
        return fail(Errc::wrong_kind);
    sys::log(sys::Level::info, "reads its registers only",
             {{"device", static_cast<u32>(found->type())},
              {"version", found->version()},
              {"vendor", text::Hex{found->vendor()}},
              {"registers", bus->mapped() ? "mapped" : "by call"}});
    if (const auto ready = sys::say_ready<proto::names::Ready>(given); !ready)
        return ready;

    NoService nothing;
    sys::Inbox inbox{*endpoint, 0};
    for (;;) {
        const auto event = inbox.next();
        if (!event)
            return fail(event.error());
        if (event->request())
            inbox.answer(sys::dispatch(Methods<>{}, nothing, *event));
    }
}

}  // namespace common
