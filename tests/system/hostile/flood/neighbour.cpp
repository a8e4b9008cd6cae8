// neighbour.cpp - a program like any other: it has nothing to do with the flooder, and wants to
// connect.
#include "flood.hpp"

#include <proto/names.hpp>
#include <sys/serve.hpp>
#include <sys/session.hpp>

namespace {

class Server {
public:
    explicit Server(const sys::Startup& given) : given_{given} {}

    Result<flood::Work::Reply> on(const flood::Work::Request&, sys::Caller&)
    {
        auto alive = sys::connect<proto::names::Connect>(given_, "alive");
        if (!alive)
            return fail(alive.error());
        if (const auto called = alive->call<flood::Hang>(); !called)
            return fail(called.error());
        if (const auto hung = sys::connect<proto::names::Connect>(given_, "hung"); !hung)
            return fail(hung.error());
        return flood::Work::Reply{};
    }

private:
    const sys::Startup& given_;
};

}  // namespace

Result<> run(const sys::Startup& given)
{
    const auto endpoint = given.grant<sys::Endpoint>("serve");
    if (!endpoint)
        return fail(endpoint.error());
    if (const auto ready = sys::say_ready<proto::names::Ready>(given); !ready)
        return ready;
    Server server{given};
    sys::Inbox inbox{*endpoint, 0};
    for (;;) {
        const auto event = inbox.next();
        if (!event)
            return fail(event.error());
        if (event->request())
            inbox.answer(sys::dispatch(Methods<flood::Work>{}, server, *event));
    }
}
