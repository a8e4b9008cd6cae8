// cli/image.hpp - disk images of a test, and what the host says about them: hashes by sha256sum,
// the fill pattern by a generator of its own.
#pragma once

#include <optional>

#include <base/types.hpp>
#include <cli/tool.hpp>

namespace cli {

inline constexpr u64 sector_bytes = 512;
inline constexpr u64 mebibyte = u64{1} << 20;

// A sparse file of so many bytes.
void make_image(const fs::path& file, u64 bytes);
// Bytes that look random and are the same in every run.
void put_noise(const fs::path& file, u64 offset, u64 bytes);
std::string bytes_of(const fs::path& file, u64 offset, u64 bytes);

// What sha256sum says: 64 hexadecimal digits.
std::string sha256(const fs::path& file);
std::string sha256(const fs::path& file, u64 first_sector, u64 sectors);

// What `blk fill DISK first sectors seed` should write; the oracle of a test of its own. Written
// from the description in block/pattern.hpp: the outputs of splitmix64, one after the other from
// the beginning of the disk.
std::string pattern(u64 seed, u64 first_sector, u64 sectors);
void put_pattern(const fs::path& file, u64 seed, u64 sectors);
// The first byte that is not the pattern's.
std::optional<u64> first_difference(const fs::path& file, u64 seed, u64 first_sector, u64 sectors);

}  // namespace cli
