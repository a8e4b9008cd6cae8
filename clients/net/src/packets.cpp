// net/src/packets.cpp - ARP and ICMP echo, byte by byte.
#include <net/packets.hpp>

namespace net {

namespace {

constexpr usize link_bytes = proto::net::frame_header_bytes;
constexpr usize ip_bytes = 20;
constexpr usize icmp_at = link_bytes + ip_bytes;
constexpr u8 protocol_icmp = 1;
constexpr u8 icmp_echo_reply = 0;
constexpr u8 icmp_echo_request = 8;

using Bytes = std::span<const u8>;

u16 get(Bytes bytes, usize at) { return static_cast<u16>(bytes[at] << 8 | bytes[at + 1]); }
void put(std::span<u8> bytes, usize at, u16 value)
{
    bytes[at] = static_cast<u8>(value >> 8);
    bytes[at + 1] = static_cast<u8>(value);
}
template <usize N>
void put(std::span<u8> bytes, usize at, const std::array<u8, N>& value)
{
    std::memcpy(&bytes[at], value.data(), N);
}
template <usize N>
bool is(Bytes bytes, usize at, const std::array<u8, N>& value)
{
    return std::memcmp(&bytes[at], value.data(), N) == 0;
}

// RFC 1071
u16 checksum(Bytes bytes)
{
    u32 sum = 0;
    for (usize at = 0; at < bytes.size(); ++at)
        sum += at % 2 == 0 ? u32{bytes[at]} << 8 : bytes[at];
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<u16>(~sum);
}

void put_link(std::span<u8> frame, const Mac& to, const Mac& from, u16 type)
{
    put(frame, 0, to);
    put(frame, 6, from);
    put(frame, 12, type);
}

ArpFrame arp(u16 operation, const Address& from, const Address& to, const Mac& link_to)
{
    ArpFrame frame{};
    put_link(frame, link_to, from.mac, EtherType::arp);
    put(frame, 14, u16{1});  // Ethernet
    put(frame, 16, EtherType::ipv4);
    frame[18] = 6;
    frame[19] = 4;
    put(frame, 20, operation);
    put(frame, 22, from.mac);
    put(frame, 28, from.ip);
    put(frame, 32, to.mac);
    put(frame, 38, to.ip);
    return frame;
}

bool is_arp(Bytes frame, u16 operation)
{
    return frame.size() >= arp_bytes && get(frame, 12) == EtherType::arp && get(frame, 14) == 1
           && get(frame, 16) == EtherType::ipv4 && frame[18] == 6 && frame[19] == 4
           && get(frame, 20) == operation;
}

}  // namespace

Result<Ipv4> parse_address(std::string_view text)
{
    Ipv4 address{};
    for (usize i = 0; i < address.size(); ++i) {
        const auto end = i + 1 < address.size() ? text.find('.') : text.size();
        if (end == std::string_view::npos || end == 0 || end > 3)
            return fail(Errc::bad_argument);
        u32 value = 0;
        for (const char c : text.substr(0, end)) {
            if (c < '0' || c > '9')
                return fail(Errc::bad_argument);
            value = value * 10 + static_cast<u32>(c - '0');
        }
        if (value > 255)
            return fail(Errc::bad_argument);
        address[i] = static_cast<u8>(value);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return address;
}

void put(text::Writer& into, const Ipv4& address)
{
    for (usize i = 0; i < address.size(); ++i)
        (i == 0 ? into : into.put('.')).number(address[i]);
}

void put(text::Writer& into, const Mac& address)
{
    for (usize i = 0; i < address.size(); ++i)
        (i == 0 ? into : into.put(':')).hex(address[i], 2);
}

ArpFrame arp_request(const Address& from, const Ipv4& wanted)
{
    return arp(1, from, {{}, wanted}, everybody);
}

std::optional<ArpFrame> arp_answer(std::span<const u8> frame, const Address& own)
{
    if (!is_arp(frame, 1) || !is(frame, 38, own.ip))
        return std::nullopt;
    Address asking{};
    std::memcpy(asking.mac.data(), &frame[22], asking.mac.size());
    std::memcpy(asking.ip.data(), &frame[28], asking.ip.size());
    return arp(2, own, asking, asking.mac);
}

std::optional<Mac> arp_said(std::span<const u8> frame, const Ipv4& wanted, const Address& own)
{
    if (!is_arp(frame, 2) || !is(frame, 28, wanted) || !is(frame, 32, own.mac))
        return std::nullopt;
    Mac mac{};
    std::memcpy(mac.data(), &frame[22], mac.size());
    return mac;
}

EchoFrame echo_request(const Address& from, const Address& to, const Echo& echo)
{
    EchoFrame frame{};
    const std::span<u8> all{frame};
    put_link(all, to.mac, from.mac, EtherType::ipv4);
    frame[14] = 0x45;  // version 4, five words of header
    put(all, 16, static_cast<u16>(echo_bytes - link_bytes));
    put(all, 18, echo.sequence);
    frame[22] = 64;  // time to live
    frame[23] = protocol_icmp;
    put(all, 26, from.ip);
    put(all, 30, to.ip);
    put(all, 24, checksum(all.subspan(link_bytes, ip_bytes)));
    frame[icmp_at] = icmp_echo_request;
    put(all, icmp_at + 4, echo.identifier);
    put(all, icmp_at + 6, echo.sequence);
    for (usize i = 0; i < echo_payload; ++i)
        frame[icmp_at + 8 + i] = static_cast<u8>('a' + i % 26);
    put(all, icmp_at + 2, checksum(all.subspan(icmp_at)));
    return frame;
}

std::optional<Echo> echo_answered(std::span<const u8> frame, const Address& own)
{
    if (frame.size() < icmp_at + 8 || get(frame, 12) != EtherType::ipv4 || frame[14] != 0x45
        || frame[23] != protocol_icmp || !is(frame, 30, own.ip))
        return std::nullopt;
    const usize bytes = get(frame, 16);  // of the packet; the frame may be padded
    if (bytes < ip_bytes + 8 || bytes > frame.size() - link_bytes
        || checksum(frame.subspan(icmp_at, bytes - ip_bytes)) != 0
        || frame[icmp_at] != icmp_echo_reply)
        return std::nullopt;
    return Echo{get(frame, icmp_at + 4), get(frame, icmp_at + 6)};
}

}  // namespace net
