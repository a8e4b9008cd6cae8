// net/packets.hpp - the few packets that find out whether somebody is there: ARP (RFC 826) and ICMP
// echo (RFC 792) over IPv4, made and read. Pure. What comes is a stranger's: every length is
// checked before anything behind it is looked at.
#pragma once

#include <cstring>
#include <optional>
#include <span>

#include <base/text.hpp>
#include <proto/net.hpp>

namespace net {

using proto::net::Mac;
using Ipv4 = std::array<u8, 4>;

inline constexpr Mac everybody{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

struct EtherType {
    static constexpr u16 ipv4 = 0x0800;
    static constexpr u16 arp = 0x0806;
    static constexpr u16 experiment = 0x88b5;  // IEEE 802: for local use
};

// "10.0.2.2". Errors: bad_argument.
Result<Ipv4> parse_address(std::string_view text);
void put(text::Writer& into, const Ipv4& address);
void put(text::Writer& into, const Mac& address);

struct Address {
    Mac mac;
    Ipv4 ip;
};

// A frame of a fixed length, being made.
inline constexpr usize arp_bytes = 42;
using ArpFrame = std::array<u8, arp_bytes>;

// Who has `wanted`?
ArpFrame arp_request(const Address& from, const Ipv4& wanted);
// What to answer to `frame`, if it asks for `own`.
std::optional<ArpFrame> arp_answer(std::span<const u8> frame, const Address& own);
// Who says that it has `wanted`, if `frame` says so to `own`.
std::optional<Mac> arp_said(std::span<const u8> frame, const Ipv4& wanted, const Address& own);

inline constexpr usize echo_payload = 32;
inline constexpr usize echo_bytes = 42 + echo_payload;
using EchoFrame = std::array<u8, echo_bytes>;

struct Echo {
    u16 identifier;
    u16 sequence;
    bool operator==(const Echo&) const = default;
};

EchoFrame echo_request(const Address& from, const Address& to, const Echo& echo);
// Which request `frame` answers, if it is an answer to `own`, whole and with a right checksum.
std::optional<Echo> echo_answered(std::span<const u8> frame, const Address& own);

}  // namespace net
