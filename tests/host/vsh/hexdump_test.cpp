// tests/host/vsh/hexdump_test.cpp - the lines are those of `hexdump -C`; names become plain.
#include "hexdump.hpp"
#include "plain.hpp"

#include <string>
#include <vector>

#include <base/text.hpp>
#include <catch2/catch.hpp>

namespace {

std::span<const std::byte> bytes_of(std::string_view text)
{
    return std::as_bytes(std::span{text});
}

std::vector<std::string> dump(std::string_view text, u64 address)
{
    std::vector<std::string> lines;
    vsh::Hexdump dump{address};
    for (usize at = 0; at < text.size(); at += vsh::Hexdump::row_bytes)
        if (const auto line = dump.row(bytes_of(text.substr(at, vsh::Hexdump::row_bytes)));
            !line.empty())
            lines.emplace_back(line);
    lines.emplace_back(dump.end());
    return lines;
}

}  // namespace

TEST_CASE("a row shows address, bytes and characters", "[vsh]")
{
    const auto lines = dump("Hello, disk\n\x01\x7f\x80~", 0x1f0);
    REQUIRE(lines.size() == 2);
    CHECK(lines[0]
          == "000001f0  48 65 6c 6c 6f 2c 20 64  69 73 6b 0a 01 7f 80 7e  |Hello, disk....~|");
    CHECK(lines[1] == "00000200");
}

TEST_CASE("repeated rows are one star", "[vsh]")
{
    const auto lines = dump(std::string(64, '\0') + std::string(16, 'a'), 0);
    REQUIRE(lines.size() == 4);
    CHECK(lines[1] == "*");
    CHECK(lines[2].starts_with("00000040  61"));
    CHECK(lines[3] == "00000050");
}

TEST_CASE("a first row of zeroes is printed", "[vsh]")
{
    CHECK(dump(std::string(16, '\0'), 0)[0].starts_with("00000000  00 00"));
}

TEST_CASE("a short last row keeps its columns", "[vsh]")
{
    const auto lines = dump("abc", 0);
    CHECK(lines[0] == "00000000  61 62 63                                          |abc|");
    CHECK(lines[1] == "00000003");
}

TEST_CASE("addresses above 4 GiB get the digits they need", "[vsh]")
{
    CHECK(dump("a", 0x1'2345'6789)[0].starts_with("123456789  61 "));
}

TEST_CASE("a name that a server wrote does nothing to the terminal", "[vsh][hostile]")
{
    constexpr std::array<char, 8> hostile{'a', '\x1b', '[', '\x9b', '~', '\x7f', ' ', '\n'};
    CHECK(text::of(vsh::plain(hostile)) == "a?[?~? ?");
    constexpr std::array<char, 4> usual{'o', 'k', '\0', '\0'};
    CHECK(vsh::plain(usual) == usual);
}
