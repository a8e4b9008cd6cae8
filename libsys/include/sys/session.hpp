// sys/session.hpp - the client's side of a service: typed calls, and what to say again to a server
// that was restarted.
#pragma once

#include <sys/endpoint.hpp>
#include <sys/handle_set.hpp>
#include <sys/payload.hpp>
#include <sys/startup.hpp>
#include <sys/state_log.hpp>

namespace sys {

template <Method M>
struct Response {
    typename M::Reply reply;
    HandleSet handles;
};

// One call on an endpoint. `send` moves to the server; up to `accept` handles come back. Errors:
// the server's; the kernel's (timed_out, peer_restarted, gave_up, peer_gone ...); malformed (the
// reply is not one of this method).
template <Method M>
Result<Response<M>> call(Borrowed<Endpoint> endpoint,
                         const typename M::Request& request,
                         HandleSet send = {},
                         unsigned accept = 0,
                         abi::Ticks deadline = abi::never)
{
    Letter letter{
        abi::Header::make(M::ordinal, wire_bytes<typename M::Request>, send.size(), accept), {}};
    put_payload(letter.words, request);
    send.to_page();
    const Incoming in = call(endpoint, letter, deadline);
    const auto reply = get_payload<typename M::Reply>(in);
    // Handles come with a refusal too, if the server wants so; they must not be lost.
    HandleSet received = HandleSet::received(in.header.handles());
    if (in.header.status() != Errc::ok)
        return fail(in.header.status());
    send.forget();
    if (!reply)
        return fail(Errc::malformed);
    return Response<M>{*reply, std::move(received)};
}

class Session {
public:
    explicit Session(Handle<Endpoint> endpoint) : endpoint_{std::move(endpoint)} {}

    // A call without handles.
    template <Method M>
    Result<typename M::Reply> call(const typename M::Request& request = {},
                                   abi::Ticks deadline = abi::never)
    {
        auto response = call<M>(request, HandleSet{}, 0, deadline);
        if (!response)
            return fail(response.error());
        return response->reply;
    }

    // A query that may be asked twice: a server that died with it, or since the last call, is not
    // the caller's business, the next one is asked. It is put again when no answer comes for a
    // while: a deadline that passes lets init look whether the server hangs. Errors: as call();
    // peer_restarted only if that went on and on.
    template <Method M>
    Result<typename M::Reply> ask(const typename M::Request& request = {},
                                  abi::Ticks deadline = abi::never)
    {
        u64 wait_ms = first_wait_ms;
        for (u32 restarts = 0;;) {
            const abi::Ticks end = std::min(deadline, after_ms(wait_ms));
            auto reply = call<M>(request, end);
            if (reply)
                return reply;
            if (reply.error() == Errc::timed_out && end != deadline)
                wait_ms = 2 * wait_ms;  // a slow one is to have its time
            else if (reply.error() != Errc::peer_restarted || ++restarts > most_repeats)
                return reply;
        }
    }

    // With handles, both ways. A successful `state` call is remembered, its handles are not: who
    // repeats it sends new duplicates.
    template <Method M>
    Result<Response<M>> call(const typename M::Request& request,
                             HandleSet send,
                             unsigned accept,
                             abi::Ticks deadline = abi::never)
    {
        const auto carried = static_cast<u32>(send.size());
        auto response =
            sys::call<M>(endpoint_.borrow(), request, std::move(send), accept, deadline);
        if constexpr (M::kind == MethodKind::state)
            if (response)
                remember<M>(request, carried);
        return response;
    }

    // Says a remembered call without handles again, after a restart.
    Result<> repeat(const StateCall& what) const
    {
        Letter letter{abi::Header::make(what.ordinal, what.size), {}};
        put_payload(letter.words, what.bytes());
        const Incoming in = sys::call(endpoint_.borrow(), letter);
        HandleSet unwanted = HandleSet::received(in.header.handles());
        if (in.header.status() != Errc::ok)
            return fail(in.header.status());
        return {};
    }

    // The last successful `state` call of each method, in the order they were made.
    const StateLog& states() const { return states_; }
    // A `state` call was not remembered for want of room: this session cannot be repeated whole.
    bool forgetful() const { return states_.overflow(); }
    void forget_states() { states_.clear(); }

    Borrowed<Endpoint> endpoint() const { return endpoint_.borrow(); }

private:
    static constexpr u32 most_repeats = 32;
    static constexpr u64 first_wait_ms = 50;

    template <Method M>
    void remember(const typename M::Request& request, u32 handles)
    {
        const auto* bytes = reinterpret_cast<const std::byte*>(&request);
        states_.remember(M::ordinal, {bytes, wire_bytes<typename M::Request>}, handles);
    }

    Handle<Endpoint> endpoint_;
    StateLog states_;
};

// A session with a service of the system's table. Connect is the name service's method:
// proto::names::Connect. Errors: not_found, denied, over_quota. Does not wait for the server: the
// first call does.
template <Method Connect>
Result<Session> connect(const Startup& given, std::string_view service)
{
    const auto names = given.grant<Endpoint>("names");
    if (!names)
        return fail(names.error());
    auto response = call<Connect>(*names, {text::padded<sizeof(abi::Name)>(service)}, {}, 1);
    if (!response)
        return fail(response.error());
    auto endpoint = response->handles.template take<Endpoint>(0);
    if (!endpoint)
        return fail(Errc::malformed);
    return Session{std::move(*endpoint)};
}

// Tells init that this server can work. Ready: proto::names::Ready, with what it carries.
template <Method Ready>
Result<>
say_ready(const Startup& given, const typename Ready::Request& request = {}, HandleSet carried = {})
{
    const auto names = given.grant<Endpoint>("names");
    if (!names)
        return fail(names.error());
    if (const auto said = call<Ready>(*names, request, std::move(carried)); !said)
        return fail(said.error());
    return {};
}

}  // namespace sys
