// block/stamp.hpp - sectors that say what they are: whose, where, which version. What was written
// twice, late, torn or to the wrong place does not read as what was expected. Includes base only:
// host programs read the same sectors from an image.
//
// All little-endian: magic, sector, version (u64 each), client (u32), CRC32C of the whole sector
// with the CRC itself as zero, then words that continue from these by splitmix64.
#pragma once

#include <array>

#include <block/pattern.hpp>

namespace block {

struct Stamp {
    u64 sector;
    u64 version;
    u32 client;

    bool operator==(const Stamp&) const = default;
};

namespace detail {

inline constexpr auto crc32c_table = [] {
    std::array<u32, 256> table{};
    for (u32 i = 0; i < table.size(); ++i) {
        u32 crc = i;
        for (int bit = 0; bit < 8; ++bit)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78U : 0);
        table[i] = crc;
    }
    return table;
}();

struct StampedSector {
    static constexpr u64 magic_value = 0x706d'6174'732d'6b62;  // "bk-stamp"

    u64 magic;
    u64 sector;
    u64 version;
    u32 client;
    u32 crc;
    std::array<u64, 60> rest;
};
static_assert(sizeof(StampedSector) == pattern::sector_bytes);

}  // namespace detail

// Castagnoli's, as iSCSI and ext4 compute it (RFC 3720, appendix B.4).
constexpr u32 crc32c(std::span<const u8> bytes)
{
    u32 crc = ~0U;
    for (const u8 each : bytes)
        crc = crc >> 8 ^ detail::crc32c_table[(crc ^ each) & 0xff];
    return ~crc;
}

inline void put_stamp(const Stamp& stamp, std::span<std::byte, pattern::sector_bytes> out)
{
    detail::StampedSector raw{
        detail::StampedSector::magic_value, stamp.sector, stamp.version, stamp.client, 0, {}};
    u64 state = stamp.sector ^ stamp.version << 32 ^ stamp.client;
    for (u64& word : raw.rest)
        word = pattern::mix(state += pattern::golden);
    raw.crc = crc32c({reinterpret_cast<const u8*>(&raw), sizeof(raw)});
    std::memcpy(out.data(), &raw, sizeof(raw));
}

// What a sector says of itself; nothing if it is none of ours, or not whole.
inline std::optional<Stamp> stamp_of(std::span<const std::byte, pattern::sector_bytes> in)
{
    detail::StampedSector raw;
    std::memcpy(&raw, in.data(), sizeof(raw));
    const u32 crc = std::exchange(raw.crc, 0);
    if (raw.magic != detail::StampedSector::magic_value
        || crc != crc32c({reinterpret_cast<const u8*>(&raw), sizeof(raw)}))
        return std::nullopt;
    return Stamp{raw.sector, raw.version, raw.client};
}

}  // namespace block
