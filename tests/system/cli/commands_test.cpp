// commands_test.cpp - `run -c`: the guest shell's commands, their errors, and what the tool ends
// with.
#include <regex>

#include <catch2/catch.hpp>
#include <cli/image.hpp>

using namespace cli;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

Ran shell(const Words& commands)
{
    Words arguments{"run"};
    for (const auto& command : commands)
        arguments = arguments + Words{"-c", command};
    return vireo(arguments);
}

void check_complaint(const std::string& command, int status, const std::string& complaint)
{
    const auto ran = shell({command});
    CHECK(ran.status == status);
    CHECK(ran.out == complaint + "\n");
    CHECK(ran.err.empty());
    CHECK_FALSE(ran.kept.exist());
}

}  // namespace

TEST_CASE("an unknown command is an error with status 2")
{
    check_complaint("frobnicate", 2, "vsh: unknown command: frobnicate (try: help)");
    check_complaint("blk frobnicate disk0", 2, "vsh: unknown command: frobnicate (try: help)");
}

TEST_CASE("a bad argument is an error with status 2 that shows the usage")
{
    check_complaint("blk read disk0 many", 2,
                    "vsh: not a number: many (usage: blk read DISK SECTOR [COUNT])");
    check_complaint("blk read disk0", 2,
                    "vsh: something is missing (usage: blk read DISK SECTOR [COUNT])");
    check_complaint("blk info disk0 disk1", 2, "vsh: too much: disk1 (usage: blk info DISK)");
    CHECK(shell({"rand 5000"}).status == 2);
    CHECK(shell({"blk fill disk0 0 -1 0"}).status == 2);
    CHECK(shell({"blk read disk0 99999999999999999999999999"}).status == 2);
}

TEST_CASE("what the system refuses is an error with status 1 that names its cause")
{
    check_complaint("blk info disk9", 1, "vsh: blk info disk9: not_found (ENOENT)");
    check_complaint("blk read disk0 131072", 1, "vsh: blk read disk0: out_of_range (ERANGE)");
    check_complaint("blk fill disk0 131071 2 1", 1, "vsh: blk fill disk0: out_of_range (ERANGE)");
    check_complaint("blk verify disk0 18446744073709551615 2 1", 1,
                    "vsh: blk verify disk0: out_of_range (ERANGE)");
    CHECK(shell({"blk info rng0"}).status == 1);
}

TEST_CASE("all commands are carried out, and the status is that of the last one that failed")
{
    const auto good = shell({"rand 4", "blk info scratch0"});
    CHECK(good.status == 0);
    CHECK(std::regex_search(good.out, std::regex{"^[0-9a-f]{8}\n"}));
    CHECK_THAT(good.out, Contains("capacity        32768 sectors, 16777216 bytes"));
    CHECK_THAT(good.out, Contains("serial          vireo-scratch0"));

    const auto mixed = shell({"blk info disk9", "frobnicate", "rand 1"});
    CHECK(mixed.status == 2);
    CHECK(lines_with(mixed.out, "vsh: ").size() == 2);
    CHECK(lines_with(mixed.out, "").size() == 3);
    CHECK(shell({"frobnicate", "blk info disk9"}).status == 1);
}

TEST_CASE("ps, devices and help show what there is", "[machine]")
{
    const auto shown = shell({"ps", "devices", "help"});
    CHECK(shown.status == 0);
    for (const std::string program :
         {"disk0 +blkd", "scratch0 +blkd", "rng0 +rngd", "nic0 +netd", "vsh +vsh"})
        CHECK(std::regex_search(shown.out, std::regex{"(^|\n)" + program + " +ready "}));
    for (const std::string device :
         {"disk0 +0 +blk +2 +disk0 +mapped", "scratch0 +8 +blk +2 +scratch0 +mapped",
          "nic0 +16 +net +2 +nic0 +mapped", "rng0 +24 +rng +2 +rng0 +by call",
          "kbd0 +25 +input +2 +kbd0 +by call"})
        CHECK(std::regex_search(shown.out, std::regex{"\n" + device}));
    for (const std::string usage : {"blk sha256 DISK", "blk verify DISK", "rand N", "devices"})
        CHECK_THAT(shown.out, Contains("\n" + usage));
}

TEST_CASE("the gateway of QEMU's network answers")
{
    const auto there = shell({"net arp nic0 10.0.2.2", "net ping nic0 10.0.2.2 2"});
    CHECK(there.status == 0);
    CHECK_THAT(there.out, Contains("10.0.2.2 is at 52:55:0a:00:02:02\n"));
    CHECK(lines_with(there.out, "answer from 10.0.2.2: seq=").size() == 2);
    const auto wrong = shell({"net ping nic0 10.0.2"});
    CHECK(wrong.status == 1);
    CHECK_THAT(wrong.out, Contains("vsh: net ping nic0: bad_argument (EINVAL)"));
}

TEST_CASE("stat shows what servers count, without asking them, and a new one counts from zero",
          "[U22]")
{
    const auto seen =
        shell({"net arp nic0 10.0.2.2", "stat nic0", "net stats nic0", "hold nic0", "kill nic0",
               "stat nic0", "restart nic0", "net stats nic0", "stat nic0"});
    CHECK(seen.status == 0);
    const auto received = lines_with(seen.out, "received_frames");
    REQUIRE(received.size() == 3);
    CHECK(received[0] == "  received_frames   1");
    CHECK(received[1] == received[0]);  // nobody serves, and the page is there
    CHECK(received[2] == "  received_frames   0");
    const auto random = shell({"stat rng0", "rand 64", "stat rng0", "stat con0"});
    const auto served = lines_with(random.out, "served");
    REQUIRE(served.size() == 2);
    CHECK(served[0] != served[1]);
    CHECK(lines_with(random.out, "written").size() == 1);
    const auto refused = shell({"stat demo"});
    CHECK(refused.status == 1);
    CHECK_THAT(refused.out, Contains("vsh: stat: not_found (ENOENT)"));
}

TEST_CASE("a long line of output arrives whole")
{
    const auto many = shell({"rand 4096"});
    CHECK(many.status == 0);
    std::string digits;
    for (const auto& line : lines_with(many.out, ""))
        digits += line;
    CHECK(digits.size() == 8192);
    CHECK(digits.find_first_not_of("0123456789abcdef") == std::string::npos);
}

TEST_CASE("commands with quotes, spaces and nothing in them are the guest's business")
{
    CHECK(shell({""}).status == 0);
    const auto spaced = shell({"  blk   info    disk0  "});
    CHECK(spaced.status == 0);
    const auto quoted = shell({"blk write disk0 1 it's \"quoted\" \\ $HOME", "blk read disk0 1"});
    CHECK(quoted.status == 0);
    CHECK_THAT(quoted.out, Contains("|it's \"quoted\" \\ |") && Contains("|$HOME..."));
}
