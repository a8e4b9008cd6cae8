// tests/host/vsh/command_test.cpp - lines that are commands, and lines that are not.
#include "command.hpp"

#include <string>

#include <catch2/catch.hpp>

namespace {

vsh::Command good(std::string_view line)
{
    INFO(line);
    const auto parsed = vsh::parse(line);
    REQUIRE(parsed.has_value());
    return *parsed;
}

vsh::Problem bad(std::string_view line)
{
    INFO(line);
    const auto parsed = vsh::parse(line);
    REQUIRE_FALSE(parsed.has_value());
    return parsed.error();
}

}  // namespace

TEST_CASE("every command of the list is parsed from its own usage line", "[vsh]")
{
    CHECK(good("help").verb == vsh::Verb::help);
    CHECK(good("ps").verb == vsh::Verb::ps);
    CHECK(good("devices").verb == vsh::Verb::devices);
    CHECK(good("blk info disk0").disk == "disk0");
    CHECK(good("blk flush disk0").verb == vsh::Verb::blk_flush);
    CHECK(good("blk unmap disk0 8 16").count == 16);
    CHECK(good("blk cache disk0 on").on);
    CHECK(good("blk bench disk0 100").count == 100);
    CHECK(good("rand 32").count == 32);
    CHECK(good("stat").program.empty());
    CHECK(good("stat disk0").program == "disk0");
    CHECK(good("blk stress disk0 7").count == 7);
    CHECK(good("update disk0 blkd").program == "disk0");
    CHECK(good("update disk0 blkd").image == "blkd");
    CHECK(good("blk stress disk0 7 3").kills == 3);
    CHECK(good("input list").verb == vsh::Verb::input_list);
    CHECK(good("input state kbd0").device == "kbd0");
    CHECK(good("input watch kbd0 7").count == 7);
    const auto led = good("input led kbd0 scroll on");
    CHECK(led.device == "kbd0");
    CHECK(led.led == 2);
    CHECK(led.on);
    CHECK_FALSE(good("input led kbd0 num off").on);

    const auto fill = good("  blk  fill scratch0 8\t0x10 77 ");
    CHECK(fill.verb == vsh::Verb::blk_fill);
    CHECK(fill.disk == "scratch0");
    CHECK(fill.first == 8);
    CHECK(fill.count == 16);
    CHECK(fill.seed == 77);
    CHECK(good("blk verify d 0 1 0").verb == vsh::Verb::blk_verify);
}

TEST_CASE("an empty line is nothing to do", "[vsh]")
{
    CHECK(good("").verb == vsh::Verb::nothing);
    CHECK(good("  \t ").verb == vsh::Verb::nothing);
}

TEST_CASE("operands in brackets come all together or not at all", "[vsh]")
{
    CHECK(good("blk sha256 disk0").count == 0);
    const auto range = good("blk sha256 disk0 4 5");
    CHECK(range.first == 4);
    CHECK(range.count == 5);
    CHECK(bad("blk sha256 disk0 4").what == "something is missing");

    CHECK(good("blk read disk0 9").count == 0);
    CHECK(good("blk read disk0 9 2").count == 2);
}

TEST_CASE("the text of a write is the rest of the line", "[vsh]")
{
    CHECK(good("blk write disk0 3   hello,  wide  world  ").text == "hello,  wide  world");
    CHECK(bad("blk write disk0 3").what == "something is missing");
    CHECK(good("blk write d 0 " + std::string(512, 'x')).text.size() == 512);
    CHECK(bad("blk write d 0 " + std::string(513, 'x')).what == "longer than a sector");
}

TEST_CASE("an unknown command is named, and has no usage", "[vsh]")
{
    CHECK(bad("reboot now").word == "reboot");
    CHECK(bad("blk").word == "blk");
    CHECK(bad("blk format disk0").word == "format");
    CHECK(bad("blk format disk0").usage.empty());
    CHECK(bad("BLK info disk0").what == "unknown command");
}

TEST_CASE("a bad argument names itself and the usage", "[vsh]")
{
    const auto [line, word] = GENERATE(table<std::string, std::string>({
        {"rand", ""},
        {"rand 0", "0"},
        {"rand 4097", "4097"},
        {"rand -1", "-1"},
        {"rand 12x", "12x"},
        {"rand 0x", "0x"},
        {"rand 18446744073709551616", "18446744073709551616"},
        {"blk fill disk0 0 0 1", "0"},
        {"blk fill disk0 0 1", ""},
        {"blk read disk0 +1", "+1"},
        {"blk read disk0 0x1g", "0x1g"},
        {"blk info", ""},
        {"blk info disk0 disk1", "disk1"},
        {"net info", ""},
        {"net ping nic0", ""},
        {"net ping nic0 10.0.2.2 0", "0"},
        {"net dump nic0 x", "x"},
        {"input led kbd0 caps", ""},
        {"input led kbd0 wide on", "wide"},
        {"input led kbd0 caps maybe", "maybe"},
        {"input watch kbd0", ""},
        {"input list kbd0", "kbd0"},
        {"help me", "me"},
    }));
    const auto problem = bad(line);
    CHECK(problem.word == word);
    CHECK_FALSE(problem.usage.empty());
}

TEST_CASE("the largest numbers fit", "[vsh]")
{
    CHECK(good("blk read d 18446744073709551615").first == ~u64{0});
    CHECK(good("blk read d 0xffffffffffffffff 1").first == ~u64{0});
}
