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

namespace {

constexpr usize head_bytes = sizeof(KeyBytes);
constexpr usize chunk = 32;

// The head was copied before; the rest is read once, and nothing is decided by it. The client can
// write there meanwhile; it is its own frame.
[[gnu::always_inline]] inline void copy_plain(std::byte* into, const Plain& frame)
{
    const usize length = frame.length;
    std::byte* const rest = into + head_bytes;
    if (length < head_bytes + chunk || length > head_bytes + 2 * chunk) {
        const usize head = std::min(length, head_bytes);
        std::memcpy(into, frame.head.data(), head);
        std::memcpy(rest, frame.bytes + head_bytes, length - head);
        return;
    }
    std::memcpy(into, frame.head.data(), head_bytes);
    std::memcpy(rest, frame.bytes + head_bytes, chunk);
    std::memcpy(into + length - chunk, frame.bytes + length - chunk, chunk);
}

}  // namespace

// Takes the oldest space, says that a frame is in it, and where it is in the buffer; nothing if
// there is none for it.
[[gnu::always_inline]] inline std::optional<u32>
Session::space(Spaces& at, const Limits& limits, u32 bytes, u32 flags)
{
    const auto lose = [&at](u64& count) {
        ++count;
        ++at.missed;
        return std::nullopt;
    };
    if (bytes > limits.space_bytes) [[unlikely]]
        return lose(at.counts.too_long);
    if (!at.received.has_room()) [[unlikely]]
        return lose(at.counts.no_space);
    const auto space = at.spaces.pop();
    if (!space) [[unlikely]]
        return lose(at.counts.no_space);
    const auto offset = static_cast<u32>(space->offset);
    at.shown = true;
    if (!admit(*space, limits)) [[unlikely]] {
        (void)at.received.push({offset, 0, net::ReceivedFlags::malformed, 0});
        return lose(at.counts.no_space);
    }
    (void)at.received.push({offset, bytes, flags, std::exchange(at.missed, 0)});
    ++at.counts.received_frames;
    at.counts.received_bytes += bytes;
    return offset;
}

// What changes on the way is in copies, which no write to a client's memory can be meant for.
Session::Delivered Session::deliver(std::span<const Plain> frames)
{
    Spaces at = open_spaces();
    const Match match = match_;
    const Limits limits = limits_;
    std::byte* const bytes = bytes_.data();  // a whole space lies where one was admitted
    u64 wanted = 0;
    u64 bit = 1;
    for (const Plain& frame : frames) {
        if (match.wants(frame.keys)) {
            wanted |= bit;
            if (const auto offset = space(at, limits, frame.length, 0)) [[likely]]
                copy_plain(bytes + *offset, frame);
        }
        bit <<= 1;
    }
    return {wanted, close_spaces(at)};
}

bool Session::deliver(const Arrival& frame)
{
    Spaces at = open_spaces();
    if (const auto offset = space(at, limits_, frame.bytes, frame.flags))
        copy(frame, bytes_.subspan(*offset, frame.bytes));
    return close_spaces(at);
}

void Session::copy(const Arrival& frame, std::span<std::byte> into)
{
    usize at = 0;
    for (const auto piece : frame.pieces) {
        std::memcpy(into.data() + at, piece.data(), piece.size());
        at += piece.size();
    }
    std::memcpy(into.data(), frame.head.data(), std::min(into.size(), head_bytes));
    if (frame.csum_wanted) [[unlikely]]
        (void)virtio::net::complete(into, {frame.csum_start, frame.csum_offset});
}

}  // namespace netd
