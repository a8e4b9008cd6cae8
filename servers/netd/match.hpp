// netd/match.hpp - which frames a session gets. Pure.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>

#include <proto/net.hpp>

namespace netd {

namespace net = proto::net;

inline constexpr u16 vlan_type = 0x8100;

// An address as a number, most significant byte first.
constexpr u64 number_of(const net::Mac& mac)
{
    u64 number = 0;
    for (const u8 byte : mac)
        number = number << 8 | byte;
    return number;
}
inline constexpr u64 to_everybody = 0xffff'ffff'ffff;
constexpr bool to_group(u64 address) { return (address >> 40 & 1) != 0; }

// What a frame is known by.
struct Keys {
    u64 destination;
    u16 type;  // behind the VLAN's tag
    u16 vlan;  // zero: none, or a tag that names no VLAN
};

// A copy of a frame's beginning, which holds all of that; a shorter frame is filled up with zeroes.
// The device may write its own memory at any time, so what was asked of a frame is asked of the
// copy, and clients are given the copy.
using KeyBytes = std::array<u8, 24>;

// The half word at byte `at` of eight, most significant byte first.
constexpr u16 half_of(u64 word, u32 at)
{
    return __builtin_bswap16(static_cast<u16>(word >> at * 8));
}

[[gnu::cold, gnu::noinline]] inline Keys tagged_keys(u64 destination, u64 second, u64 third)
{
    return {destination, half_of(third, 0), static_cast<u16>(half_of(second, 6) & 0xfff)};
}

[[gnu::always_inline]] inline Keys keys_of(const KeyBytes& bytes)
{
    const auto words = std::bit_cast<std::array<u64, 3>>(bytes);
    const u64 destination = __builtin_bswap64(words[0]) >> 16;
    const u16 type = half_of(words[1], 4);
    if (type == vlan_type) [[unlikely]]
        return tagged_keys(destination, words[1], words[2]);
    return {destination, type, 0};
}

// Of a frame in pieces.
inline KeyBytes head_of(std::span<const std::span<const std::byte>> pieces)
{
    KeyBytes head{};
    usize at = 0;
    for (const auto piece : pieces) {
        const usize bytes = std::min(piece.size(), head.size() - at);
        std::memcpy(head.data() + at, piece.data(), bytes);
        at += bytes;
    }
    return head;
}

inline KeyBytes head_of(std::span<const std::byte> frame) { return head_of({&frame, 1}); }

// A filter, ready to be asked.
class Match {
public:
    Match() = default;
    constexpr Match(const net::Filter& filter, const net::Mac& own)
        : own_{has(filter, net::FilterFlags::own) ? number_of(own) : nobody},
          other_{filter.address == net::Mac{} ? nobody : number_of(filter.address)},
          wanted_{kind(filter.ether_type, filter.vlan)},
          broadcast_{has(filter, net::FilterFlags::broadcast)},
          multicast_{has(filter, net::FilterFlags::multicast)},
          promiscuous_{has(filter, net::FilterFlags::promiscuous)}
    {
        asked_ = kind(filter.ether_type == 0 ? 0 : 0xffff, promiscuous_ ? 0 : 0xffff);
        wanted_ &= asked_;
    }

    constexpr bool wants(const Keys& keys) const
    {
        if ((kind(keys.type, keys.vlan) & asked_) != wanted_)
            return false;
        return keys.destination == own_ || is_for(keys.destination);
    }

private:
    static constexpr u64 nobody = ~u64{0};

    static constexpr u32 kind(u16 type, u16 vlan) { return u32{vlan} << 16 | type; }
    static constexpr bool has(const net::Filter& filter, u16 flag)
    {
        return (filter.flags & flag) != 0;
    }
    constexpr bool is_for(u64 destination) const
    {
        if (promiscuous_ || destination == other_)
            return true;
        if (destination == to_everybody)
            return broadcast_;
        return multicast_ && to_group(destination);
    }

    u64 own_ = nobody;
    u64 other_ = nobody;
    u32 asked_ = ~0U;  // bits of kind() that count, and what they must be
    u32 wanted_ = ~0U;
    bool broadcast_ = false;
    bool multicast_ = false;
    bool promiscuous_ = false;
};

}  // namespace netd
