// disk_test.cpp - images of the user's behind disk0: what the guest reads is what the host has, of
// any size and kind; what must not be written is not.
#include <catch2/catch.hpp>
#include <cli/image.hpp>

using namespace cli;
using Catch::Matchers::Contains;

namespace {

constexpr u64 gibibyte = u64{1} << 30;

Ran on_disk0(const std::string& disk, const Words& commands)
{
    Words arguments{"run", "--disk", "disk0=" + disk};
    for (const auto& command : commands)
        arguments = arguments + Words{"-c", command};
    return vireo(arguments);
}

std::string hash_line(const std::string& hash) { return hash + "  disk0\n"; }

// Read-only, by whatever means: reads work, writes are refused, the file stays as it is.
void check_read_only(const fs::path& image, const std::string& disk)
{
    const auto before = sha256(image);
    const auto guest = on_disk0(disk, {"blk write disk0 0 scribble", "blk fill disk0 0 8 1",
                                       "blk sha256 disk0", "blk info disk0"});
    CHECK(guest.status == 1);
    CHECK_THAT(guest.out, Contains("vsh: blk write disk0: read_only (EROFS)\n"));
    CHECK_THAT(guest.out, Contains("vsh: blk fill disk0: read_only (EROFS)\n"));
    CHECK_THAT(guest.out, Contains(hash_line(before)));
    CHECK_THAT(guest.out, Contains("mode            read-only"));
    CHECK(lines_with(guest.out, "vsh: ").size() == 2);
    CHECK(sha256(image) == before);
}

// A file of 5 GiB that holds something in three places: at both ends and across the line where 32
// bits end.
struct BigDisk {
    TempDir dir{};
    fs::path image = dir / "big.img";
    std::vector<u64> places{0, 4 * gibibyte - mebibyte / 2, 5 * gibibyte - mebibyte};

    BigDisk()
    {
        make_image(image, 5 * gibibyte);
        for (const u64 place : places)
            put_noise(image, place, mebibyte);
    }
};

}  // namespace

TEST_CASE("the guest's hash of a file system is sha256sum's")
{
    const TempDir dir;
    const auto image = dir / "d.img";
    make_image(image, 64 * mebibyte);
    REQUIRE(program({"mkfs.ext4", "-q", image.string()}).status == 0);
    const auto guest = on_disk0(image.string(), {"blk sha256 disk0"});
    CHECK(guest.status == 0);
    CHECK(guest.out == hash_line(sha256(image)));
    CHECK(guest.err.empty());
}

TEST_CASE("a disk may have one sector")
{
    const TempDir dir;
    const auto image = dir / "one.img";
    make_image(image, sector_bytes);
    put_noise(image, 0, sector_bytes);
    const auto guest = on_disk0(image.string(), {"blk sha256 disk0", "blk read disk0 0 2"});
    CHECK(guest.status == 1);
    CHECK(guest.out == hash_line(sha256(image)) + "vsh: blk read disk0: out_of_range (ERANGE)\n");
}

TEST_CASE("a file without a write permission is read-only, for root too")
{
    const TempDir dir;
    const auto image = dir / "d.img";
    make_image(image, mebibyte);
    put_noise(image, 0, mebibyte);
    fs::permissions(image, fs::perms::owner_read);
    check_read_only(image, image.string());
}

TEST_CASE("a file is read-only when the command line says so")
{
    const TempDir dir;
    const auto image = dir / "d.img";
    make_image(image, mebibyte);
    put_noise(image, 0, mebibyte);
    check_read_only(image, image.string() + ",ro");
    CHECK(on_disk0(image.string(), {"blk write disk0 0 scribble"}).status == 0);
    CHECK(bytes_of(image, 0, 12) == std::string{"scribble\0\0\0\0", 12});
}

TEST_CASE("a qcow2 image is the disk that it describes")
{
    const TempDir dir;
    const auto raw = dir / "d.img";
    const auto qcow2 = dir / "d.qcow2";
    make_image(raw, 16 * mebibyte);
    put_noise(raw, 3 * mebibyte, mebibyte);
    const Words convert{"qemu-img", "convert", "-f", "raw", "-O", "qcow2"};
    REQUIRE(program(convert + Words{raw.string(), qcow2.string()}).status == 0);
    const auto guest = on_disk0(
        qcow2.string(), {"blk sha256 disk0", "blk fill disk0 100 1000 9", "blk flush disk0"});
    CHECK(guest.status == 0);
    CHECK_THAT(guest.out, Contains(hash_line(sha256(raw))));

    const auto back = dir / "back.img";
    REQUIRE(program({"qemu-img", "convert", "-O", "raw", qcow2.string(), back.string()}).status
            == 0);
    CHECK(fs::file_size(back) == 16 * mebibyte);
    CHECK_FALSE(first_difference(back, 9, 100, 1000));
    CHECK(sha256(back, 6144, 2048) == sha256(raw, 6144, 2048));
}

TEST_CASE("what a guest writes into a raw image cannot make it show a file of the host")
{
    const TempDir dir;
    const auto secret = dir / "secret.img";
    const auto image = dir / "d.img";
    make_image(secret, mebibyte);
    put_noise(secret, 0, mebibyte);
    REQUIRE(program({"qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", secret.string(),
                     image.string()})
                .status
            == 0);
    fs::resize_file(image, mebibyte);
    const auto guest = on_disk0(image.string(), {"blk sha256 disk0"});
    CHECK(guest.status == 0);
    CHECK(guest.out == hash_line(sha256(image)));
    CHECK_THAT(guest.err, Contains("d.img is attached as raw, and begins as qcow2 does"));
    CHECK(on_disk0(image.string() + ",raw", {"blk sha256 disk0"}).err.empty());
    const auto asked = on_disk0(image.string() + ",qcow2", {"blk sha256 disk0"});
    CHECK(asked.status == 120);
    CHECK_THAT(asked.err, Contains("it has a backing file"));
}

TEST_CASE("file names may hold what means something to a shell or to QEMU")
{
    const TempDir dir;
    const auto image = dir / "a,b = 'c' $d.img";
    make_image(image, mebibyte);
    put_noise(image, 0, mebibyte);
    CHECK(on_disk0(image.string(), {"blk sha256 disk0"}).out == hash_line(sha256(image)));
}

TEST_CASE("a disk of 5 GiB is read at both ends and across the 4 GiB line")
{
    const BigDisk big;
    Words commands;
    std::string hashes;
    for (const u64 place : big.places) {
        const u64 sector = place / sector_bytes;
        commands.push_back("blk sha256 disk0 " + std::to_string(sector) + " 2048");
        hashes += hash_line(sha256(big.image, sector, 2048));
    }
    const auto guest = on_disk0(big.image.string(), commands);
    CHECK(guest.status == 0);
    CHECK(guest.out == hashes);
}

// With the default --timeout: a command that takes long is no lack of progress.
TEST_CASE("a disk of 5 GiB is read from end to end", "[full]")
{
    const BigDisk big;
    const auto host = program({"sha256sum", big.image.string()}, 600);
    const auto guest =
        vireo({"run", "--disk", "disk0=" + big.image.string(), "-c", "blk sha256 disk0"}, 1500);
    CHECK(guest.status == 0);
    CHECK(guest.out == hash_line(host.out.substr(0, 64)));
}
