// fill_test.cpp - what `blk fill` writes is in the image file when the run is over, byte for byte,
// as the host computes it; and `blk verify` can tell.
#include <fstream>

#include <catch2/catch.hpp>
#include <cli/image.hpp>

using namespace cli;
using Catch::Matchers::Contains;

namespace {

constexpr u64 disk_bytes = 16 * mebibyte;
constexpr u64 sectors = disk_bytes / sector_bytes;

struct Disk {
    TempDir dir{};
    fs::path image = dir / "d.img";

    Disk() { make_image(image, disk_bytes); }

    Ran run(const Words& commands) const
    {
        Words arguments{"run", "--disk", "disk0=" + image.string()};
        for (const auto& command : commands)
            arguments = arguments + Words{"-c", command};
        return vireo(arguments);
    }
};

const std::string whole = "disk0 0 " + std::to_string(sectors);

}  // namespace

TEST_CASE("a filled disk holds the pattern that the host computes")
{
    const Disk disk;
    const auto filled =
        disk.run({"blk fill " + whole + " 18446744073709551557", "blk flush disk0"});
    CHECK(filled.status == 0);
    CHECK(fs::file_size(disk.image) == disk_bytes);
    CHECK_FALSE(first_difference(disk.image, 18446744073709551557U, 0, sectors));

    CHECK(disk.run({"blk verify " + whole + " 18446744073709551557"}).status == 0);
    const auto other = disk.run({"blk verify " + whole + " 7"});
    CHECK(other.status == 1);
    CHECK_THAT(other.out, Contains("sector 0, byte 0: not the pattern of the seed"));
}

TEST_CASE("verify believes what the host wrote, and finds the byte that differs")
{
    const Disk disk;
    put_pattern(disk.image, 42, sectors);
    CHECK(disk.run({"blk verify " + whole + " 42"}).status == 0);

    const auto last = bytes_of(disk.image, disk_bytes - 1, 1);
    std::ofstream{disk.image, std::ios::in | std::ios::binary}
        .seekp(disk_bytes - 1)
        .put(static_cast<char>(last[0] ^ 1));
    const auto changed = disk.run({"blk verify " + whole + " 42"});
    CHECK(changed.status == 1);
    CHECK_THAT(changed.out, Contains("sector 32767, byte 504: not the pattern of the seed"));
}

TEST_CASE("a fill of a part leaves what is before and behind it")
{
    const Disk disk;
    put_noise(disk.image, 0, disk_bytes);
    const auto before = sha256(disk.image, 0, 1001);
    const auto behind = sha256(disk.image, 1778, sectors - 1778);
    CHECK(disk.run({"blk fill disk0 1001 777 3", "blk flush disk0"}).status == 0);
    CHECK_FALSE(first_difference(disk.image, 3, 1001, 777));
    CHECK(sha256(disk.image, 0, 1001) == before);
    CHECK(sha256(disk.image, 1778, sectors - 1778) == behind);
}

TEST_CASE("the sector that is written is what the file and the guest hold")
{
    const Disk disk;
    const auto guest = disk.run({"blk write disk0 32767 the last sector", "blk read disk0 32767"});
    CHECK(guest.status == 0);
    CHECK_THAT(guest.out, Contains("|the last sector.|"));
    CHECK(bytes_of(disk.image, disk_bytes - sector_bytes, 17)
          == std::string{"the last sector\0\0", 17});
}
