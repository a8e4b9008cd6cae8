// lab/victim.hpp - a server that is spoken to whatever it is.
#pragma once

#include <lab/order.hpp>
#include <proto/block.hpp>
#include <proto/input.hpp>
#include <proto/names.hpp>
#include <proto/net.hpp>
#include <proto/random.hpp>
#include <sys/session.hpp>

namespace lab {

class Victim {
public:
    Result<> open(const sys::Startup& given, std::string_view service, Load load)
    {
        auto session = sys::connect<proto::names::Connect>(given, service);
        if (!session)
            return fail(session.error());
        session_.emplace(std::move(*session));
        load_ = load;
        return {};
    }

    // A question that each server answers. A deadline that passes lets init look whether it hangs.
    Result<> ask(abi::Ticks deadline)
    {
        switch (load_) {
        case Load::block:
            return done(session_->ask<proto::block::Info>({}, deadline));
        case Load::net:
            return done(session_->ask<proto::net::Info>({}, deadline));
        case Load::input:
            return done(session_->ask<proto::input::Info>({}, deadline));
        case Load::random:
            return done(session_->ask<proto::random::Info>({}, deadline));
        }
        return fail(Errc::not_supported);
    }

    sys::Borrowed<sys::Endpoint> endpoint() const { return session_->endpoint(); }

private:
    template <class R>
    static Result<> done(const Result<R>& reply)
    {
        return reply ? Result<>{} : fail(reply.error());
    }

    std::optional<sys::Session> session_;
    Load load_ = Load::block;
};

}  // namespace lab
