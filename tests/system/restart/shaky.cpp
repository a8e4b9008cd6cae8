// shaky.cpp - the server of shaky.hpp. With the argument "loop" it ends at its start, each time.
#include "shaky.hpp"

#include <atomic>

#include <proto/names.hpp>
#include <sys/process.hpp>
#include <sys/serve.hpp>
#include <sys/session.hpp>

namespace {

struct Server {
    u32 epoch;

    Result<shaky::Which::Reply> on(const shaky::Which::Request&, sys::Caller&) const
    {
        return shaky::Which::Reply{epoch, 0};
    }

    static Result<shaky::End::Reply> on(const shaky::End::Request& request, sys::Caller&)
    {
        switch (request.way) {
        case shaky::Way::exit:
            sys::exit(request.code);
        case shaky::Way::fault:
            asm volatile("brk #1");
            break;
        case shaky::Way::spin:
            for (std::atomic<u64> turns;;)
                turns.fetch_add(1, std::memory_order_relaxed);
        }
        return shaky::End::Reply{};
    }
};

}  // namespace

Result<> run(const sys::Startup& given)
{
    if (given.argument(0) == "loop")
        return fail(Errc::device_fault);
    const auto endpoint = given.grant<sys::Endpoint>("serve");
    if (!endpoint)
        return fail(endpoint.error());
    if (const auto ready = sys::say_ready<proto::names::Ready>(given); !ready)
        return ready;
    Server server{given.epoch()};
    sys::Inbox inbox{*endpoint, 0};
    for (;;) {
        const auto event = inbox.next();
        if (!event)
            return fail(event.error());
        if (event->request())
            inbox.answer(sys::dispatch(shaky::Protocol{}, server, *event));
    }
}
