// image.cpp - disk images of a test, and what the host says about them.
#include "text.hpp"

#include <algorithm>
#include <fstream>
#include <random>
#include <stdexcept>

#include <cli/image.hpp>
#include <fmt/format.h>

namespace cli {
namespace {

// splitmix64, as its author describes it: a counter that advances by a constant, and a hash of it.
class SplitMix {
public:
    explicit SplitMix(u64 seed) : counter_{seed} {}

    u64 next()
    {
        counter_ += 11400714819323198485U;  // 2^64 divided by the golden ratio, odd
        u64 hash = counter_;
        hash = (hash ^ hash >> 30U) * 13787848793156543929U;
        hash = (hash ^ hash >> 27U) * 10723151780598845931U;
        return hash ^ hash >> 31U;
    }

private:
    u64 counter_;
};

void put(const fs::path& file, u64 offset, const std::string& bytes)
{
    std::fstream out{file, std::ios::binary | std::ios::in | std::ios::out};
    out.seekp(static_cast<std::streamoff>(offset));
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!out.flush())
        throw std::runtime_error{"cannot write " + file.string()};
}

void append_little_endian(std::string& to, u64 word)
{
    for (unsigned i = 0; i < 8; ++i)
        to += static_cast<char>(word >> 8 * i & 0xff);
}

std::string first_word(const Ran& hashed)
{
    if (hashed.status != 0 || hashed.out.size() < 64)
        throw std::runtime_error{"sha256sum: " + hashed.err};
    return hashed.out.substr(0, 64);
}

}  // namespace

void make_image(const fs::path& file, u64 bytes)
{
    std::ofstream{file}.flush();
    fs::resize_file(file, bytes);
}

void put_noise(const fs::path& file, u64 offset, u64 bytes)
{
    std::mt19937_64 random{offset + bytes};
    std::string noise;
    while (noise.size() < bytes)
        append_little_endian(noise, random());
    put(file, offset, noise);
}

std::string bytes_of(const fs::path& file, u64 offset, u64 bytes)
{
    std::ifstream in{file, std::ios::binary};
    in.seekg(static_cast<std::streamoff>(offset));
    std::string found(bytes, '\0');
    in.read(found.data(), static_cast<std::streamsize>(bytes));
    if (!in)
        throw std::runtime_error{"cannot read " + file.string()};
    return found;
}

std::string sha256(const fs::path& file)
{
    return first_word(program({"sha256sum", file.string()}));
}

std::string sha256(const fs::path& file, u64 first_sector, u64 sectors)
{
    const auto cut = fmt::format(
        "dd if={} bs=64K iflag=skip_bytes,count_bytes skip={} count={} status=none",
        vireo::shell_quote(file.string()), first_sector * sector_bytes, sectors * sector_bytes);
    return first_word(program({"sh", "-c", cut + " | sha256sum"}));
}

std::string pattern(u64 seed, u64 first_sector, u64 sectors)
{
    SplitMix words{seed};
    for (u64 i = 0; i < first_sector * sector_bytes / 8; ++i)
        (void)words.next();
    std::string bytes;
    while (bytes.size() < sectors * sector_bytes)
        append_little_endian(bytes, words.next());
    return bytes;
}

void put_pattern(const fs::path& file, u64 seed, u64 sectors)
{
    put(file, 0, pattern(seed, 0, sectors));
}

std::optional<u64> first_difference(const fs::path& file, u64 seed, u64 first_sector, u64 sectors)
{
    const auto found = bytes_of(file, first_sector * sector_bytes, sectors * sector_bytes);
    const auto at = std::ranges::mismatch(found, pattern(seed, first_sector, sectors)).in1;
    if (at == found.end())
        return std::nullopt;
    return static_cast<u64>(at - found.begin());
}

}  // namespace cli
