// witness.cpp - a server that owns a device, sets its STATUS register to a value of its own, and
// tells what is there.
#include "protocol.hpp"

#include <proto/names.hpp>
#include <sys/device.hpp>
#include <sys/serve.hpp>
#include <sys/session.hpp>

namespace {

constexpr u64 status_register = 0x070;
constexpr u32 acknowledge = 1;
constexpr u32 acknowledge_and_driver = 3;

class Witness {
public:
    explicit Witness(sys::Borrowed<sys::Device> device) : device_{device} {}

    Result<> set(u32 status) const { return sys::write_register(device_, status_register, status); }

    // As a driver begins (virtio 1.2, 3.1.1). Errors: busy (it is not reset at once).
    Result<> begin() const
    {
        if (const auto done = set(0); !done)
            return done;
        const auto now = sys::read_register(device_, status_register);
        if (!now || *now != 0)
            return fail(now ? Errc::busy : now.error());
        if (const auto done = set(acknowledge); !done)
            return done;
        return set(acknowledge_and_driver);
    }

    Result<isolation::Look::Reply> on(const isolation::Look::Request&, sys::Caller&) const
    {
        const auto now = sys::read_register(device_, status_register);
        if (!now)
            return fail(now.error());
        return isolation::Look::Reply{acknowledge_and_driver, *now};
    }

    Result<isolation::Scribble::Reply> on(const isolation::Scribble::Request&, sys::Caller&) const
    {
        const auto done = set(0);
        if (!done)
            return fail(done.error());
        return isolation::Scribble::Reply{};
    }

private:
    sys::Borrowed<sys::Device> device_;
};

}  // namespace

Result<> run(const sys::Startup& given)
{
    const auto device = given.grant<sys::Device>("device");
    const auto endpoint = given.grant<sys::Endpoint>("serve");
    if (!device || !endpoint)
        return fail(Errc::not_found);
    Witness witness{*device};
    if (const auto done = witness.begin(); !done)
        return done;
    if (const auto ready = sys::say_ready<proto::names::Ready>(given); !ready)
        return ready;
    sys::Inbox inbox{*endpoint, 0};
    for (;;) {
        const auto event = inbox.next();
        if (!event)
            return fail(event.error());
        if (event->request())
            inbox.answer(
                sys::dispatch(Methods<isolation::Look, isolation::Scribble>{}, witness, *event));
    }
}
