// tests/host/base/text_test.cpp - numbers, padding and log fields as text.
#include <string>

#include <base/text.hpp>
#include <catch2/catch.hpp>

namespace {

template <class F>
std::string written(F write)
{
    text::Buffer<256> buffer;
    write(buffer);
    REQUIRE_FALSE(buffer.overflow());
    return std::string{buffer.view()};
}

}  // namespace

TEST_CASE("numbers are written in both bases", "[base][text]")
{
    CHECK(written([](auto& w) { w.number(0); }) == "0");
    CHECK(written([](auto& w) { w.number(~u64{0}); }) == "18446744073709551615");
    CHECK(written([](auto& w) { w.number(42, 5); }) == "   42");
    CHECK(written([](auto& w) { w.number_signed(-7); }) == "-7");
    CHECK(written([](auto& w) { w.number_signed(std::numeric_limits<i64>::min()); })
          == "-9223372036854775808");
    CHECK(written([](auto& w) { w.hex(0); }) == "0");
    CHECK(written([](auto& w) { w.hex(0xbeef, 8); }) == "0000beef");
    CHECK(written([](auto& w) { w.hex(~u64{0}, 3); }) == "ffffffffffffffff");
}

TEST_CASE("text is padded and never cut by padding", "[base][text]")
{
    CHECK(written([](auto& w) { w.left("ab", 4).put('|').right("cd", 4); }) == "ab  |  cd");
    CHECK(written([](auto& w) { w.left("abcdef", 4); }) == "abcdef");
}

TEST_CASE("a value is quoted only where a reader needs it", "[base][text]")
{
    CHECK(written([](auto& w) { w.field("a", u64{1}).field("b", std::string_view{"disk0"}); })
          == "a=1 b=disk0");
    CHECK(written([](auto& w) { w.field("x", text::Hex{0x18}); }) == "x=0x18");
    CHECK(written([](auto& w) { w.value(std::string_view{""}); }) == "\"\"");
    CHECK(written([](auto& w) { w.value(std::string_view{"two words"}); }) == "\"two words\"");
    CHECK(written([](auto& w) { w.value(std::string_view{"a=b"}); }) == "\"a=b\"");
    CHECK(written([](auto& w) { w.value(std::string_view{"say \"x\" \\"}); })
          == R"("say \"x\" \\")");
    CHECK(written([](auto& w) { w.value(std::string_view{"a\nb\x01\xff"}); })
          == R"("a\nb\x01\xff")");
}

TEST_CASE("what does not fit is cut, and said so", "[base][text]")
{
    text::Buffer<4> buffer;
    buffer.put("abc");
    CHECK_FALSE(buffer.overflow());
    CHECK(buffer.room() == 1);
    buffer.number(12);
    CHECK(buffer.view() == "abc1");
    CHECK(buffer.overflow());
    buffer.rewind(3);
    CHECK(buffer.view() == "abc");
    CHECK_FALSE(buffer.overflow());
}

TEST_CASE("a number is parsed whole or not at all", "[base][text]")
{
    CHECK(text::parse_number("0").value() == u64{0});
    CHECK(text::parse_number("18446744073709551615").value() == ~u64{0});
    CHECK(text::parse_number("0xFf").value() == u64{255});
    CHECK(text::parse_number("18446744073709551616").error() == Errc::out_of_range);
    CHECK(text::parse_number("0x10000000000000000").error() == Errc::out_of_range);
    for (const char* bad : {"", "0x", "-1", "12a", " 1", "1 ", "0xg", "+1"})
        CHECK(text::parse_number(bad).error() == Errc::bad_argument);
}

TEST_CASE("a padded name goes back and forth, and always ends", "[base][text]")
{
    using Name = std::array<char, 8>;
    CHECK(text::of(text::padded<8>("disk0")) == "disk0");
    CHECK(text::of(text::padded<8>("far too long")) == "far too");
    CHECK(text::of(text::padded<8>("")).empty());
    CHECK(text::of(Name{'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'}) == "abcdefgh");
}
