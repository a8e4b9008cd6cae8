// image_error_test.cpp - QEMU's blkdebug answers one sector with an error while 32 scattered
// requests are in flight: that request fails and says so, no other does, and blkd lives.
#include <catch2/catch.hpp>
#include <cli/image.hpp>

using namespace cli;

namespace {

const std::string system_file = SOURCE_FOLDER "/scatter/scatter.toml";

Ran scatter(const Words& rounds)
{
    const TempDir dir;
    Words arguments{"run", system_file};
    for (const std::string disk : {"disk0", "disk1"}) {
        const auto image = dir / (disk + ".img");
        make_image(image, mebibyte);
        put_pattern(image, 2026, mebibyte / sector_bytes);
        arguments = arguments + Words{"--disk", disk + "=" + image.string()};
    }
    for (const auto& disk : rounds)
        arguments = arguments + Words{"-c", disk};
    return vireo(arguments);
}

}  // namespace

TEST_CASE("of 32 requests in flight only that with the bad sector fails, each time it is asked")
{
    const auto twice = scatter({"disk0", "disk0"});
    const std::string round = "disk0: sector 1000: device_fault\n"
                              "disk0: 256 reads, 32 in flight, 1 failed, 0 wrong\n";
    CHECK(twice.status == 1);
    CHECK(twice.out == round + round);
}

TEST_CASE("a sector that failed once is read the next time, and a neighbour's disk never notices")
{
    const auto rounds = scatter({"disk1", "disk1", "disk0", "disk1"});
    CHECK(rounds.status == 1);
    CHECK(rounds.out
          == "disk1: sector 1000: device_fault\n"
             "disk1: 256 reads, 32 in flight, 1 failed, 0 wrong\n"
             "disk1: 256 reads, 32 in flight, 0 failed, 0 wrong\n"
             "disk0: sector 1000: device_fault\n"
             "disk0: 256 reads, 32 in flight, 1 failed, 0 wrong\n"
             "disk1: 256 reads, 32 in flight, 0 failed, 0 wrong\n");
}
