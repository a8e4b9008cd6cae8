// offload.cpp - datagrams whose checksum is left to netd and its device, to a socket of the host,
// which sends them back with one that is left to netd too.
#include "station.hpp"

#include <net/packets.hpp>

namespace {

using check::equals;
using check::need;
using check::that;
using station::Station;

constexpr usize ip_at = 14;
constexpr usize udp_at = ip_at + 20;
constexpr usize payload_at = udp_at + 8;
constexpr u16 port = 4242;
constexpr u8 udp = 17;
constexpr net::Ipv4 guest{10, 9, 0, 2};
constexpr net::Ipv4 host{10, 9, 0, 1};

using Octets = std::span<u8>;

Octets octets(const net::Frame& frame)
{
    return {reinterpret_cast<u8*>(frame.bytes().data()), frame.size()};
}

u16 get(Octets bytes, usize at) { return static_cast<u16>(bytes[at] << 8 | bytes[at + 1]); }
void put(Octets bytes, usize at, usize value)
{
    bytes[at] = static_cast<u8>(value >> 8);
    bytes[at + 1] = static_cast<u8>(value);
}

// RFC 1071, without the complement.
u16 sum(Octets bytes, u32 with = 0)
{
    for (usize at = 0; at < bytes.size(); ++at)
        with += at % 2 == 0 ? u32{bytes[at]} << 8 : bytes[at];
    while (with > 0xffff)
        with = (with & 0xffff) + (with >> 16);
    return static_cast<u16>(with);
}

// Of both addresses, the protocol, and the datagram's length.
u16 pseudo_header(Octets frame)
{
    return sum(frame.subspan(ip_at + 12, 8), u32{udp} + get(frame, udp_at + 4));
}

void write_datagram(Octets frame, u32 number)
{
    put(frame, 12, net::EtherType::ipv4);
    frame[ip_at] = 0x45;
    put(frame, ip_at + 2, frame.size() - ip_at);
    frame[ip_at + 8] = 64;
    frame[ip_at + 9] = udp;
    std::memcpy(&frame[ip_at + 12], guest.data(), guest.size());
    std::memcpy(&frame[ip_at + 16], host.data(), host.size());
    put(frame, ip_at + 10, static_cast<u16>(~sum(frame.subspan(ip_at, 20))));
    put(frame, udp_at, port);
    put(frame, udp_at + 2, port);
    put(frame, udp_at + 4, frame.size() - udp_at);
    for (usize at = payload_at; at < frame.size(); ++at)
        frame[at] = peer::pattern(number, at);
    put(frame, udp_at + 6, pseudo_header(frame));
}

bool is_answer(Octets frame, u32 number, usize bytes)
{
    if (frame.size() < bytes || frame[ip_at + 9] != udp || get(frame, udp_at) != port)
        return false;
    const Octets datagram = frame.subspan(udp_at, bytes - udp_at);
    equals(usize{get(frame, udp_at + 4)}, datagram.size());
    that(get(frame, udp_at + 6) != 0, "there is no checksum");
    equals(sum(datagram, pseudo_header(frame)), u16{0xffff});
    bool same = true;
    for (usize at = payload_at; at < bytes; ++at)
        same &= frame[at] == peer::pattern(number, at);
    return that(same, "another datagram came back");
}

void datagrams_come_and_go()
{
    auto filter = station::only(net::EtherType::ipv4);
    Station station{filter};
    text::Buffer<40> line;
    sys::out(line.put("host: flags ").number(station.nic.info().flags).view());
    for (u32 n = 0; n < 100; ++n) {
        const usize bytes = payload_at + 1 + n * 14 % 1400 + n % 2;
        auto frame = station::frame_of(station.nic, net::EtherType::ipv4, bytes);
        write_datagram(octets(frame), n);
        need(station.nic.send(std::move(frame), udp_at, 6));
        station.nic.kick();
        while (!is_answer(octets(station.next().frame), n, bytes)) {}
    }
    equals(need(station.nic.stats()).malformed, u64{0});
}

constexpr std::array cases{
    check::Case{"N3, N14, N17: datagrams go out and come in with right checksums",
                datagrams_come_and_go, check::Runs::once},
};

}  // namespace

int app_main(const sys::Startup& given) { return check::run(given, {cases}); }
