// ipc/served.hpp - an endpoint, an actor that serves it, and a badged handle to call it by.
#pragma once

#include <optional>

#include <check/actor.hpp>
#include <check/child.hpp>
#include <check/threads.hpp>

namespace served {

using abi::Header;
using check::Ask;
using sys::Incoming;
using sys::Letter;
using sys::Words;

inline constexpr u64 first_badge = 41;

// The actor of "serve": takes so many handles with a request.
inline check::Child
start_server(sys::Borrowed<sys::Endpoint> endpoint, u64 take = 4, const check::Options& base = {})
{
    text::Buffer<4> number;
    number.number(take);
    check::Options options = base;
    const std::initializer_list<std::string_view> arguments{number.view()};
    options.arguments = arguments;
    check::Starter starter{"serve", options};
    starter.grant("serve", endpoint.slot, abi::Kind::endpoint, abi::right::receive);
    return starter.run();
}

struct Service {
    sys::Handle<sys::Endpoint> endpoint = check::need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> client = check::need(sys::mint(endpoint.borrow(), first_badge));
    std::optional<check::Child> server;

    explicit Service(u64 take = 4) { start(take); }

    void start(u64 take = 4)
    {
        server.reset();
        server.emplace(start_server(endpoint.borrow(), take));
    }
};

constexpr Letter letter(Ask ask, u64 bytes, const Words& words = {}, u64 handles = 0, u64 take = 0)
{
    return {Header::make(static_cast<u16>(ask), bytes, handles, take), words};
}

// One call, every other time with a deadline (that only a broken kernel reaches): those with none
// may go a shorter way through the kernel.
inline Incoming ask(sys::Borrowed<sys::Endpoint> client, const Letter& request)
{
    static constinit bool timed = false;
    timed = !timed;
    return sys::call(client, request, timed ? check::patience() : abi::never);
}

inline Incoming ask(const Service& service, const Letter& request)
{
    return ask(service.client.borrow(), request);
}

}  // namespace served
