// netd/match.hpp - which frames a session gets. Pure.
#pragma once

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

// As many bytes of a frame as that takes; a shorter frame is filled up with zeroes.
inline constexpr usize key_bytes = 18;
using KeyBytes = std::array<u8, 24>;

constexpr u16 big_endian(const u8* bytes) { return static_cast<u16>(bytes[0] << 8 | bytes[1]); }

// At least key_bytes are there.
inline Keys keys_at(const u8* bytes)
{
    u64 first = 0;
    std::memcpy(&first, bytes, sizeof first);
    const u16 type = big_endian(bytes + 12);
    if (type == vlan_type) [[unlikely]]
        return {__builtin_bswap64(first) >> 16, big_endian(bytes + 16),
                static_cast<u16>(big_endian(bytes + 14) & 0xfff)};
    return {__builtin_bswap64(first) >> 16, type, 0};
}
inline Keys keys_of(const KeyBytes& bytes) { return keys_at(bytes.data()); }

// Of the first piece of a frame: the longest but for frames of one, since buffers have a size in
// common.
inline Keys keys_of(std::span<const std::byte> frame)
{
    if (frame.size() >= key_bytes) [[likely]]
        return keys_at(reinterpret_cast<const u8*>(frame.data()));
    KeyBytes filled{};
    std::memcpy(filled.data(), frame.data(), frame.size());
    return keys_of(filled);
}

// A filter, ready to be asked.
class Match {
public:
    Match() = default;
    constexpr Match(const net::Filter& filter, const net::Mac& own)
        : own_{has(filter, net::FilterFlags::own) ? number_of(own) : nobody},
          other_{filter.address == net::Mac{} ? nobody : number_of(filter.address)},
          type_{filter.ether_type},
          vlan_{filter.vlan},
          broadcast_{has(filter, net::FilterFlags::broadcast)},
          multicast_{has(filter, net::FilterFlags::multicast)},
          promiscuous_{has(filter, net::FilterFlags::promiscuous)}
    {
    }

    constexpr bool wants(const Keys& keys) const
    {
        if (type_ != 0 && type_ != keys.type)
            return false;
        if (promiscuous_)
            return true;
        return keys.vlan == vlan_ && is_for(keys.destination);
    }

private:
    static constexpr u64 nobody = ~u64{0};

    static constexpr bool has(const net::Filter& filter, u16 flag)
    {
        return (filter.flags & flag) != 0;
    }
    constexpr bool is_for(u64 destination) const
    {
        if (destination == own_ || destination == other_)
            return true;
        if (destination == to_everybody)
            return broadcast_;
        return multicast_ && to_group(destination);
    }

    u64 own_ = nobody;
    u64 other_ = nobody;
    u16 type_ = 0;
    u16 vlan_ = 0;
    bool broadcast_ = false;
    bool multicast_ = false;
    bool promiscuous_ = false;
};

}  // namespace netd
