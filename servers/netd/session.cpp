// netd/session.cpp - a frame on its way to one client.
#include "session.hpp"

#include <virtio/net_checksum.hpp>

namespace netd {

Result<Session> Session::over(const Rings& rings,
                              const Limits& limits,
                              const common::BufferMap& buffer,
                              std::span<std::byte> bytes)
{
    const auto exchange = Exchange::over({rings.client.sends, rings.client.sent, rings.sends,
                                          rings.server.sent, rings.server.sends, rings.sent});
    const auto spaces =
        Consumer<net::Space>::over(rings.server.spaces, rings.client.spaces, rings.spaces);
    const auto received =
        Producer<net::Received>::over(rings.server.received, rings.client.received, rings.received);
    if (!exchange || !spaces || !received)
        return fail(Errc::bad_argument);
    return Session{*exchange, Delivery{*spaces, *received, limits, bytes}, rings.server, buffer};
}

void Session::deliver(const Arrival& frame)
{
    if (const auto offset = delivery_.space(frame.bytes, frame.flags))
        copy(frame, bytes().subspan(*offset, frame.bytes));
}

void Session::copy(const Arrival& frame, std::span<std::byte> into)
{
    usize at = 0;
    for (const auto piece : frame.pieces) {
        std::memcpy(into.data() + at, piece.data(), piece.size());
        at += piece.size();
    }
    std::memcpy(into.data(), frame.head.data(), std::min(into.size(), sizeof(KeyBytes)));
    if (frame.csum_wanted) [[unlikely]]
        (void)virtio::net::complete(into, {frame.csum_start, frame.csum_offset});
}

}  // namespace netd
