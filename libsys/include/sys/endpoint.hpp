// sys/endpoint.hpp - endpoints: made, badged and watched, and the raw calls on them. Programs speak
// through sys/session.hpp (client) and sys/serve.hpp (server), which are made of these.
#pragma once

#include <sys/handle.hpp>
#include <sys/time.hpp>

namespace sys {

inline Result<Handle<Endpoint>> create_endpoint()
{
    return owned<Endpoint>(fetch(abi::Syscall::endpoint_create, abi::no_slot));
}

// A handle to call through. `badge`: who is calling, as the server sees it; not 0. `payer`: whose
// handle quota the badge takes one of until the server has heard of its end; none: our own.
inline Result<Handle<Endpoint>>
mint(Borrowed<Endpoint> endpoint, u64 badge, Borrowed<Process> payer = {abi::no_slot})
{
    return owned<Endpoint>(
        fetch(abi::Syscall::endpoint_mint, endpoint.slot, badge, payer.slot.raw()));
}

// Raises `bits` when the endpoint loses its server, gets one again, or is given up; for who manages
// it, also when the deadline of a call passed.
inline Result<>
watch(Borrowed<Endpoint> endpoint, Borrowed<Notification> notification, abi::Bits bits)
{
    return perform(abi::Syscall::endpoint_watch, endpoint.slot, notification.slot.raw(), bits.raw);
}

inline Result<> give_up(Borrowed<Endpoint> endpoint)
{
    return perform(abi::Syscall::endpoint_give_up, endpoint.slot, 1);
}
inline Result<> undo_give_up(Borrowed<Endpoint> endpoint)
{
    return perform(abi::Syscall::endpoint_give_up, endpoint.slot, 0);
}

struct EndpointInfo {
    u64 epoch;
    bool served;
    bool given_up;
    u64 queued;     // callers
    bool attended;  // somebody waits for a message
};

inline Result<EndpointInfo> info(Borrowed<Endpoint> endpoint)
{
    return invoke(abi::Syscall::endpoint_info, endpoint.slot).transform([](const Values& v) {
        return EndpointInfo{v[1], v[2] != 0, v[3] != 0, v[4], v[5] != 0};
    });
}

// A request out, its reply in. The status of what comes back is the server's answer or the kernel's
// refusal.
inline Incoming
call(Borrowed<Endpoint> endpoint, const Letter& request, abi::Ticks deadline = abi::never)
{
    return exchange(abi::Syscall::call, endpoint.slot, request, deadline);
}

// The next request, end of a badge, or bits of the bound notification. `take`: handles accepted
// with a request.
inline Incoming
receive(Borrowed<Endpoint> endpoint, unsigned take, abi::Ticks deadline = abi::never)
{
    const auto header = abi::Header::make(0, 0, 0, take);
    return exchange_short(abi::Syscall::recv, endpoint.slot, header, ignored(), ignored(),
                          deadline);
}

// Raises `bits` of `rung` and receives: one trap. Nothing was raised if the status is an error of
// the call's arguments or slots (docs/abi.md).
inline Incoming signal_receive(Borrowed<Endpoint> endpoint,
                               unsigned take,
                               Borrowed<Notification> rung,
                               abi::Bits bits,
                               abi::Ticks deadline = abi::never)
{
    const auto header = abi::Header::make(0, 0, 0, take);
    return exchange_short(abi::Syscall::signal_recv, endpoint.slot, header, rung.slot.raw(),
                          bits.raw, deadline);
}

// Answers the request received last, and receives: one trap. `take` is in the letter's header.
inline Incoming
reply_receive(Borrowed<Endpoint> endpoint, const Letter& reply, abi::Ticks deadline = abi::never)
{
    return exchange(abi::Syscall::reply_recv, endpoint.slot, reply, deadline);
}

inline Result<> reply(const Letter& letter)
{
    const Incoming result = exchange(abi::Syscall::reply, abi::no_slot, letter, abi::now);
    if (result.header.status() != Errc::ok)
        return fail(result.header.status());
    return {};
}

}  // namespace sys
