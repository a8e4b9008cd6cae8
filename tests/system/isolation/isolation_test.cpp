// isolation_test.cpp - seven devices in seven processes run side by side, and none of the seven
// servers could do anything to the device of another.
#include "seven.hpp"

#include <fstream>
#include <regex>

#include <catch2/catch.hpp>
#include <cli/image.hpp>
#include <fmt/format.h>

using namespace cli;
using namespace isolation;
using Catch::Matchers::Contains;

namespace {

const std::string seven_file = SOURCE_FOLDER "/seven.toml";

Ran judged(const std::string& intruder, Place place, const std::string& more = "")
{
    const TempDir dir;
    const auto file = dir / "isolation.toml";
    std::ofstream{file} << seven_with(intruder, place, more);
    return vireo({"run", file.string()});
}

void check_intruder(const std::string& intruder, Place place)
{
    const auto run = judged(intruder, place);
    CHECK(run.status == 0);
    CHECK(lines_with(run.out, "src=judge/0 | FAIL").empty());
    CHECK(lines_with(run.out, "not refused as it should be").empty());
    // Four rounds of six devices, three lines for each of two attacks, and one for the last.
    CHECK(lines_with(run.out, "src=judge/0 | PASS").size() == 4 * 6 + 2 * 3 + 1);
    CHECK_THAT(run.out, Contains("program=" + intruder + " image=test_intruder cause=fault"));
}

}  // namespace

TEST_CASE("seven devices run in seven processes, and say how their registers are reached",
          "[machine]")
{
    const auto seven = vireo({"run", seven_file, "-c", "devices", "-c", "ps", "--verbose"});
    CHECK(seven.status == 0);
    for (const std::string line :
         {"disk0 +0 +blk +2 +disk0 +mapped", "disk1 +8 +blk +2 +disk1 +by call",
          "nic0 +16 +net +2 +nic0 +by call", "nic1 +24 +net +2 +nic1 +by call",
          "rng0 +25 +rng +2 +rng0 +by call", "kbd0 +17 +input +2 +kbd0 +by call",
          "tablet0 +9 +input +2 +tablet0 +by call"})
        CHECK(std::regex_search(seven.out, std::regex{"\n" + line}));
    for (const std::string device : devices) {
        CHECK(std::regex_search(seven.out, std::regex{"\n" + device + " +[a-z]+ +ready "}));
        CHECK(lines_with(seven.err, "src=" + device + "/0 level=info").size() == 1);
    }
    CHECK_THAT(seven.err, Contains("msg=\"servers ready\" count=7"));
}

TEST_CASE("seven devices with version 1 registers run in seven processes too")
{
    const auto seven =
        vireo({"run", seven_file, "--legacy", "-c", "devices", "-c", "blk fill disk1 0 64 1", "-c",
               "blk verify disk1 0 64 1", "-c", "rand 8"});
    CHECK(seven.status == 0);
    CHECK(lines_with(seven.out, "  by call ").size() == 6);
}

TEST_CASE("disks keep what is written, whether their registers are mapped or not")
{
    const TempDir dir;
    Words arguments{"run", seven_file};
    for (const std::string disk : {"disk0", "disk1"}) {
        make_image(dir / disk, 4 * mebibyte);
        const auto seed = disk.substr(4);
        const auto all = fmt::format("{} 0 8192 {}", disk, seed);
        arguments =
            arguments + Words{"--disk", fmt::format("{}={}", disk, (dir / disk).string())}
            + Words{"-c", "blk fill " + all, "-c", "blk flush " + disk, "-c", "blk verify " + all};
    }
    CHECK(vireo(arguments).status == 0);
    CHECK_FALSE(first_difference(dir / "disk0", 0, 0, 8192));
    CHECK_FALSE(first_difference(dir / "disk1", 1, 0, 8192));
}

TEST_CASE("a hostile server on a page with all others touches no neighbour's STATUS register")
{
    for (const std::string intruder : devices)
        check_intruder(intruder, Place::crowded);
}

TEST_CASE("a hostile server with a page of its own finds nothing else that lives on it")
{
    for (const std::string intruder : devices)
        check_intruder(intruder, Place::alone);
}

TEST_CASE("a STATUS register that did change is seen")
{
    const auto run = judged("kbd0", Place::crowded, "scribble");
    CHECK(run.status == 1);
    CHECK(lines_with(run.out, "FAIL").size() == 1);
    CHECK_THAT(run.out, Contains("FAIL nic0: STATUS is as its owner left it"));
}
