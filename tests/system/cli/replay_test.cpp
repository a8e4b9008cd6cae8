// replay_test.cpp - servers that are killed under load: their users see a pause, and the image file
// holds what was written, as the host reads it.
#include <cstring>
#include <regex>
#include <sstream>

#include <catch2/catch.hpp>
#include <cli/image.hpp>

using namespace cli;
using Catch::Matchers::Contains;

namespace {

const std::string system_file = SOURCE_FOLDER "/replay/replay.toml";
constexpr u64 stressed_sectors = 2048;

// Castagnoli's CRC, bit by bit.
u32 crc32c(const std::string& bytes)
{
    u32 crc = ~0U;
    for (const char each : bytes) {
        crc ^= static_cast<u8>(each);
        for (int bit = 0; bit < 8; ++bit)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78U : 0);
    }
    return ~crc;
}

u64 word(const std::string& sector, usize at)
{
    u64 value = 0;
    std::memcpy(&value, &sector[at], sizeof(value));
    return value;
}

// Why a sector is not the one that block/stamp.hpp describes; empty if it is.
std::string fault(std::string sector, u64 number, u64 version)
{
    std::ostringstream why;
    const u32 said = static_cast<u32>(word(sector, 24) >> 32);
    sector.replace(28, 4, 4, '\0');
    if (word(sector, 0) != 0x706d'6174'732d'6b62)
        why << "sector " << number << " is none of ours";
    else if (said != crc32c(sector))
        why << "sector " << number << " is torn";
    else if (word(sector, 8) != number || word(sector, 16) != version)
        why << "sector " << number << " says sector " << word(sector, 8) << ", version "
            << word(sector, 16);
    return why.str();
}

std::string first_fault(const fs::path& image, u64 version)
{
    const std::string all = bytes_of(image, 0, stressed_sectors * sector_bytes);
    for (u64 sector = 0; sector < stressed_sectors; ++sector)
        if (auto why = fault(all.substr(sector * sector_bytes, sector_bytes), sector, version);
            !why.empty())
            return why;
    return {};
}

// Kills the disk's server so many times while it writes `rounds` versions.
void kill_under_load(const std::string& cpus, u64 rounds, u64 kills)
{
    const TempDir dir;
    const auto image = dir / "d.img";
    make_image(image, 4 * mebibyte);
    const std::string counts = std::to_string(rounds) + " " + std::to_string(kills);
    const auto ran = vireo({"run", system_file, "--cpus", cpus, "--disk", "disk0=" + image.string(),
                            "-c", "blk stress disk0 " + counts});
    INFO(ran.out << ran.err);
    CHECK(ran.status == 0);
    const std::string each = std::to_string(kills);
    const std::regex seen{" " + each + " kills, " + each
                          + " restarts, [1-9][0-9]* replayed, 0 given back"};
    CHECK(std::regex_search(ran.out, seen));
    CHECK(first_fault(image, rounds).empty());
}

}  // namespace

TEST_CASE("a disk whose server is killed twenty times holds all that was written")
{
    kill_under_load(GENERATE("1", "2"), 4, 20);
}

TEST_CASE("a thousand kills lose nothing", "[full]")
{
    kill_under_load(GENERATE("1", "2"), 200, 1000);
}

TEST_CASE("who uses a server that is given up is told, and nobody else is concerned")
{
    const auto ran = vireo({"run", system_file, "-c", "blk stress mortal0 4 9", "-c",
                            "blk stress disk0 1", "-c", "rand 8"});
    INFO(ran.out << ran.err);
    CHECK(ran.status == 1);
    CHECK_THAT(ran.out, Contains("vsh: blk stress: gave_up (EHOSTDOWN)"));
    CHECK_THAT(ran.out, Contains("0 kills, 0 restarts, 0 replayed, 0 given back"));
}

TEST_CASE("random bytes go on after a kill, and are others")
{
    const auto ran = vireo({"run", system_file, "-c", "rand 16", "-c", "kill rng0", "-c", "rand 16",
                            "-c", "kill rng0", "-c", "rand 16"});
    INFO(ran.out << ran.err);
    CHECK(ran.status == 0);
    Words lines;
    std::istringstream all{ran.out};
    for (std::string line; std::getline(all, line);)
        if (line.size() == 32)
            lines.push_back(line);
    REQUIRE(lines.size() == 3);
    CHECK(lines[0] != lines[1]);
    CHECK(lines[1] != lines[2]);
    CHECK(lines[0] != lines[2]);
}
