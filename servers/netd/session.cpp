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
    return Session{*exchange, *spaces, *received, rings.server, limits, buffer, bytes};
}

bool Session::deliver(const Arrival& frame)
{
    if (frame.bytes > limits_.space_bytes) [[unlikely]]
        return lose(counts_.too_long);
    if (received_.room() == 0) [[unlikely]]
        return lose(counts_.no_space);
    const auto space = spaces_.pop();
    if (!space) [[unlikely]]
        return lose(counts_.no_space);
    const auto offset = static_cast<u32>(space->offset);
    if (!admit(*space, limits_)) [[unlikely]] {
        (void)lose(counts_.no_space);
        (void)received_.push({offset, 0, net::ReceivedFlags::malformed, 0});
        return true;
    }
    copy(frame, bytes_.subspan(offset, frame.bytes));
    (void)received_.push({offset, frame.bytes, frame.flags, missed_});
    missed_ = 0;
    ++counts_.received_frames;
    counts_.received_bytes += frame.bytes;
    return true;
}

// The client can write there meanwhile; it is its own frame.
void Session::copy(const Arrival& frame, std::span<std::byte> into) const
{
    usize at = 0;
    for (const auto piece : frame.pieces) {
        std::memcpy(into.data() + at, piece.data(), piece.size());
        at += piece.size();
    }
    if (frame.csum_wanted) [[unlikely]]
        (void)virtio::net::complete(into, {frame.csum_start, frame.csum_offset});
}

}  // namespace netd
