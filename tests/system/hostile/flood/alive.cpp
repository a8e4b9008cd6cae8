// alive.cpp - a server that answers; as "hung" until it is told to hang.
#include "flood.hpp"

#include <optional>

#include <proto/names.hpp>
#include <sys/notification.hpp>
#include <sys/process.hpp>
#include <sys/serve.hpp>
#include <sys/session.hpp>

namespace {

class Server {
public:
    Result<flood::Hang::Reply> on(const flood::Hang::Request&, sys::Caller& caller)
    {
        if (caller.received() == 0)
            return flood::Hang::Reply{};
        auto end = caller.take<sys::Notification>(0);
        if (!end)
            return fail(end.error());
        end_ = std::move(*end);
        return flood::Hang::Reply{};
    }

    bool hangs() const { return end_.valid(); }
    void hang() const
    {
        (void)sys::wait(end_.borrow());
        sys::exit(0);
    }

private:
    sys::Handle<sys::Notification> end_;
};

[[clang::no_destroy]] constinit Server server{};

}  // namespace

Result<> run(const sys::Startup& given)
{
    const auto endpoint = given.grant<sys::Endpoint>("serve");
    if (!endpoint)
        return fail(endpoint.error());
    if (const auto ready = sys::say_ready<proto::names::Ready>(given); !ready)
        return ready;
    for (;;) {
        const sys::Incoming in = sys::receive(*endpoint, 1);
        if (!in.request())
            continue;
        auto answer = sys::dispatch(Methods<flood::Hang>{}, server, in);
        if (const auto sent = sys::reply(answer.letter); !sent)
            return sent;
        if (server.hangs())
            server.hang();
    }
}
