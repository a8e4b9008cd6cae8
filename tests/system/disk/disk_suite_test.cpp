// disk_suite_test.cpp - blkd's operations on registers of both versions and packed rings; the host
// resizes the disk when its guest asks, and sees what a discard gives back.
#include <sstream>

#include <catch2/catch.hpp>
#include <cli/boot.hpp>
#include <cli/image.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

namespace {

using cli::operator+;

// "resize NODE BYTES"
bool resize(const std::string& wish, cli::Host& host)
{
    std::istringstream in{wish};
    std::string what;
    std::string node;
    u64 bytes = 0;
    in >> what >> node >> bytes;
    return what == "resize"
           && host.execute("block_resize",
                           fmt::format(R"({{"node-name":"{}","size":{}}})", node, bytes));
}

void check_suite(const cli::Words& words)
{
    const auto guest =
        cli::boot({.words = cli::Words{SOURCE_FOLDER "/disk.toml"} + words, .obey = resize});
    cli::check_good(guest);
    CHECK(guest.asked == 9);
}

u64 allocated_bytes(const cli::fs::path& file)
{
    struct stat status{};
    return ::stat(file.c_str(), &status) == 0 ? static_cast<u64>(status.st_blocks) * 512 : 0;
}

}  // namespace

TEST_CASE("B2, B3, B6, B14, B15, B26: all of blkd works with version 2 registers", "[machine]")
{
    check_suite({});
}

TEST_CASE("B2, B3, B6, B14, B15, B26: all of blkd works with version 1 registers", "[machine]")
{
    check_suite({"--legacy"});
}

TEST_CASE("B2, B3, B6, B14, B15, B26: all of blkd works with packed rings", "[machine]")
{
    check_suite({"--rings", "packed=on"});
}

TEST_CASE("B14, B15: discards and zeroes that unmap shrink the image, zeroes alone do not")
{
    const cli::TempDir dir;
    const auto image = dir / "d.img";
    cli::make_image(image, 8 * cli::mebibyte);
    cli::put_noise(image, 0, 8 * cli::mebibyte);
    const auto full = allocated_bytes(image);
    REQUIRE(full >= 8 * cli::mebibyte);
    const auto after = [&](const std::string& command) {
        const auto ran = cli::vireo({"run", "--disk", "disk0=" + image.string(), "-c", command});
        INFO(ran.out << ran.err);
        CHECK(ran.status == 0);
        return allocated_bytes(image);
    };
    CHECK(after("blk zero disk0 0 2048") == full);
    CHECK(cli::bytes_of(image, 0, cli::mebibyte) == std::string(cli::mebibyte, '\0'));
    CHECK(after("blk unmap disk0 0 4096") <= 6 * cli::mebibyte);
    CHECK(cli::bytes_of(image, 0, 2 * cli::mebibyte) == std::string(2 * cli::mebibyte, '\0'));
    CHECK(after("blk discard disk0 4096 8192") <= 2 * cli::mebibyte);
}

TEST_CASE("the example of coroutines copies what it says")
{
    const auto ran = cli::vireo({"run", (cli::project_root() / "systems/copy.toml").string()});
    INFO(ran.out << ran.err);
    CHECK(ran.status == 0);
    CHECK(cli::contains(ran.out, "copy: 1 MiB, the same"));
}
