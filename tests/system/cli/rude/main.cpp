// rude/main.cpp - reads a register that no virtio-mmio device has, says Ready, and answers nothing.
#include <proto/names.hpp>
#include <sys/device.hpp>
#include <sys/serve.hpp>
#include <sys/session.hpp>

namespace {

constexpr u64 no_register = 0x0f8;

}  // namespace

Result<> run(const sys::Startup& given)
{
    const auto device = given.grant<sys::Device>("device");
    const auto endpoint = given.grant<sys::Endpoint>("serve");
    if (!device || !endpoint)
        return fail(Errc::not_found);
    if (const auto value = sys::read_register(*device, no_register); !value)
        return fail(value.error());
    if (const auto ready = sys::say_ready<proto::names::Ready>(given); !ready)
        return ready;
    sys::Inbox inbox{*endpoint, 0};
    for (;;)
        if (const auto event = inbox.next(); !event)
            return fail(event.error());
}
