// station.hpp - a session with nic0, and what it says to the peer at the other end.
#pragma once

#include <cstring>

#include <check/check.hpp>
#include <net/blocking.hpp>
#include <peer/control.hpp>

namespace station {

// Frames of one type, to this device and to everybody.
constexpr net::Filter only(u16 type)
{
    return {.address = {},
            .ether_type = type,
            .vlan = 0,
            .flags = net::FilterFlags::own | net::FilterFlags::broadcast,
            .reserved = 0};
}

struct Station {
    explicit Station(const net::Filter& filter = net::own_and_broadcast, u32 frames = 64)
    {
        check::need(nic.open(check::given(), "nic0",
                             {.receive_frames = frames, .send_frames = frames, .filter = filter}));
    }

    net::Arrival next() { return check::need(blocking.receive(check::patience())); }
    void flush() { check::need(blocking.flush(check::patience())); }

    net::Interface nic;
    net::Blocking blocking{nic};
};

// A frame of `bytes`, to the peer.
inline net::Frame frame_of(net::Interface& nic, u16 type, usize bytes)
{
    auto frame = nic.frame();
    while (!frame) {
        check::need(nic.wait_sent(check::patience()));
        frame = nic.frame();
    }
    frame->resize(bytes);
    const auto all = frame->bytes();
    std::memset(all.data(), 0, all.size());
    std::memset(all.data(), 0xff, 6);
    std::memcpy(&all[6], nic.info().mac.data(), 6);
    all[12] = static_cast<std::byte>(type >> 8);
    all[13] = static_cast<std::byte>(type);
    return std::move(*frame);
}

inline bool has_type(const net::Frame& frame, u16 type)
{
    const auto bytes = frame.bytes();
    return bytes.size() >= peer::header_bytes && bytes[12] == static_cast<std::byte>(type >> 8)
           && bytes[13] == static_cast<std::byte>(type);
}

// Tells the peer.
inline void tell(net::Interface& nic, peer::Op op, u32 count = 0, u32 bytes = 0, u32 flag = 0)
{
    const peer::Command command{peer::magic, op, count, bytes, flag, 0};
    auto frame = frame_of(nic, peer::control_type, peer::header_bytes + sizeof(peer::Command));
    std::memcpy(&frame.bytes()[peer::header_bytes], &command, sizeof(command));
    check::need(nic.send(std::move(frame)));
    nic.kick();
}

// Its next answer, to a station that hears of control frames; what else comes is left out.
inline peer::Report heard(Station& desk)
{
    for (;;) {
        const auto arrival = desk.next();
        if (!has_type(arrival.frame, peer::control_type))
            continue;
        peer::Report report{};
        check::that(arrival.frame.size() >= peer::header_bytes + sizeof(report), "a short report");
        std::memcpy(&report, &arrival.frame.bytes()[peer::header_bytes], sizeof(report));
        return report;
    }
}

inline peer::Report ask(Station& desk, peer::Op op, u32 count = 0, u32 bytes = 0, u32 flag = 0)
{
    tell(desk.nic, op, count, bytes, flag);
    for (;;)
        if (const auto report = heard(desk); report.op == op)
            return report;
}

}  // namespace station
