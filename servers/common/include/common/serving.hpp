// common/serving.hpp - the life of a server that drives a device, once its device works: it says
// so, serves, and leaves when it is told to.
//
// A server that leaves ends what it took and takes nothing more; whoever calls meanwhile stays in
// line for the next instance, and what lies in a ring is the next one's. So its device is idle when
// init resets it, and no client has to say anything twice.
#pragma once

#include <common/virtio_platform.hpp>
#include <proto/names.hpp>
#include <sys/serve.hpp>
#include <sys/session.hpp>

namespace common {

// Beside its interrupt (turns.hpp) in the notification of each server.
inline constexpr unsigned leave_bit = 1;

// With the ring whose requests init lets the device end after our death, if there is one; it lies
// in `memory`.
inline Result<> say_ready(const sys::Startup& given,
                          const DevicePlatform& platform,
                          const proto::names::RequestRing& ring = {},
                          const DriverMemory* memory = nullptr)
{
    sys::HandleSet carried;
    const auto add = [&](auto handle) {
        return handle ? carried.add(std::move(*handle)) : fail(handle.error());
    };
    Result<> added;
    if (memory != nullptr)
        added =
            add(sys::duplicate(memory->memory.memory(), abi::right::read | abi::right::transfer));
    if (added)
        added = add(sys::doorbell(platform.notification.borrow(), abi::Bits::at(leave_bit)));
    if (!added)
        return added;
    return sys::say_ready<proto::names::Ready>(given, {ring, 1, 0}, std::move(carried));
}

// What serve() needs of a server besides its methods.
template <class S>
concept Serves = requires(S server, abi::Bits bits, u64 badge) {
    { server.step(bits) } -> std::same_as<Result<>>;
    { server.next_deadline() } -> std::same_as<abi::Ticks>;
    { server.forget(badge) } -> std::same_as<void>;
    { server.leave() } -> std::same_as<void>;  // takes no more work
    { server.idle() } -> std::same_as<bool>;   // has ended all that it took
    { server.left() } -> std::same_as<void>;   // may tell its clients so
};

template <Serves S>
[[gnu::noinline]] Result<> step(S& server, abi::Bits bits)
{
    return server.step(bits);
}

// Errors: those of step, timed_out excepted.
template <Serves S>
[[gnu::cold, gnu::noinline]] Result<>
end_work(sys::Inbox& inbox, const DevicePlatform& platform, S& server)
{
    sys::note(abi::BlackBox::What::leaves);
    while (!server.idle()) {
        inbox.finish();
        const auto bits = sys::wait(platform.notification.borrow(), server.next_deadline());
        if (!bits && bits.error() != Errc::timed_out)
            return fail(bits.error());
        if (const auto done = step(server, bits.value_or(abi::Bits{})); !done)
            return done;
    }
    server.left();
    inbox.finish();
    return {};
}

// What is more than bits. True: the server is to leave. Errors: those of step; of receiving.
template <class... Ms, Serves S>
[[gnu::noinline]] Result<bool> hear(
    Methods<Ms...> protocol, sys::Inbox& inbox, S& server, sys::Incoming event, abi::Ticks deadline)
{
    if (const auto understood = inbox.understand(event, deadline); !understood)
        return fail(understood.error());
    const bool leaves = event.bits.any(abi::Bits::at(leave_bit));
    if (leaves)
        server.leave();
    if (const auto done = step(server, event.bits); !done)
        return fail(done.error());
    if (event.gone()) {
        sys::note(abi::BlackBox::What::gone, event.badge);
        server.forget(event.badge);
    }
    if (event.request())
        inbox.answer(sys::dispatch(protocol, server, event));
    return leaves;
}

// Returns when the server was told to leave, and has ended all that it took. Errors: those of step;
// of receiving. Bits alone, which are most of what comes, go straight to the server.
template <class... Ms, Serves S>
Result<>
serve(Methods<Ms...> protocol, sys::Inbox& inbox, const DevicePlatform& platform, S& server)
{
    for (bool leaves = false; !leaves;) {
        const abi::Ticks deadline = server.next_deadline();
        const sys::Incoming in = inbox.come(deadline);
        if (!inbox.only_bits(in)) [[unlikely]] {
            const auto heard = hear(protocol, inbox, server, in, deadline);
            if (!heard)
                return fail(heard.error());
            leaves = *heard;
            continue;
        }
        leaves = in.bits.any(abi::Bits::at(leave_bit));
        if (leaves) [[unlikely]]
            server.leave();
        if (const auto done = server.step(in.bits); !done) [[unlikely]]
            return done;
    }
    return end_work(inbox, platform, server);
}

}  // namespace common
