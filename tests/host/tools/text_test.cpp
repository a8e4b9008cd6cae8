// text_test.cpp - sizes, quoting, likely spellings.
#include "text.hpp"

#include <catch2/catch.hpp>

using namespace vireo;

TEST_CASE("a size has a unit of powers of 1024, or none")
{
    CHECK(parse_size("512") == 512);
    CHECK(parse_size("32K") == 32 * 1024);
    CHECK(parse_size("64M") == u64{64} << 20);
    CHECK(parse_size("5G") == u64{5} << 30);
    CHECK(parse_size("1T") == u64{1} << 40);
    for (const auto* wrong :
         {"", "M", "64MB", "64m", "-1", "1.5G", "64 M", "99999999999999999999", "17179869184G"})
        CHECK_FALSE(parse_size(wrong));
}

TEST_CASE("a size is shown in its largest whole unit")
{
    CHECK(size_text(0) == "0");
    CHECK(size_text(1000) == "1000");
    CHECK(size_text(4096) == "4K");
    CHECK(size_text(u64{4096} << 20) == "4G");
}

TEST_CASE("a word is quoted for a shell only when it has to be")
{
    CHECK(shell_quote("-blockdev") == "-blockdev");
    CHECK(shell_quote("unix:/a/b,server=on") == "unix:/a/b,server=on");
    CHECK(shell_quote("") == "''");
    CHECK(shell_quote("two words") == "'two words'");
    CHECK(shell_quote("it's $HOME") == "'it'\\''s $HOME'");
}

TEST_CASE("options are split into words as a shell would")
{
    const auto words = shell_words(R"(-global a.b=c  -append 'x "y" z' "q\"r" a\ b '')");
    REQUIRE(words);
    CHECK(
        *words
        == std::vector<std::string>{"-global", "a.b=c", "-append", "x \"y\" z", "q\"r", "a b", ""});
    CHECK(shell_words("")->empty());
    CHECK_FALSE(shell_words("'never closed"));
}

TEST_CASE("every quoted word is read back as it was")
{
    for (const std::string word : {"", "plain", "a b", "'", "\"", "\\", "a'b\"c\\d", "$x;|&"})
        CHECK(shell_words(shell_quote(word)) == std::vector{word});
}

TEST_CASE("commas are doubled for QEMU")
{
    CHECK(qemu_escape("a,b,,c") == "a,,b,,,,c");
    CHECK(qemu_escape("plain") == "plain");
}

TEST_CASE("the likely spelling is found, and nothing is guessed from nothing")
{
    const std::vector<std::string> words{"binary", "device", "priority"};
    CHECK(closest("bianry", words) == "binary");
    CHECK(closest("prioritty", words) == "priority");
    CHECK_FALSE(closest("xyzzy", words));
    CHECK_FALSE(closest("x", words));
    CHECK(suggestion("devise", words) == "; did you mean 'device'?");
    CHECK(suggestion("xyzzy", words).empty());
}
