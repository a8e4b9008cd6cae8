// tests/host/base/memory_test.cpp - the memory functions of the target against plain loops.
#include <random>
#include <string>
#include <vector>

#include <base/types.hpp>
#include <catch2/catch.hpp>

extern "C" {
void* our_memcpy(void* to, const void* from, usize n);
void* our_memmove(void* to, const void* from, usize n);
void* our_memset(void* to, int value, usize n);
int our_memcmp(const void* a, const void* b, usize n);
void* our_memchr(const void* in, int value, usize n);
usize our_strlen(const char* text);
int our_strcmp(const char* a, const char* b);
}

namespace {

std::vector<u8> noise(usize n)
{
    std::mt19937 random{7};
    std::vector<u8> bytes(n);
    for (u8& b : bytes)
        b = static_cast<u8>(random());
    return bytes;
}

int sign(int n) { return (n > 0) - (n < 0); }

}  // namespace

TEST_CASE("copies are exact at every size and alignment", "[base][memory]")
{
    const auto source = noise(512);
    for (usize n = 0; n < 300; ++n)
        for (usize skew = 0; skew < 9; ++skew) {
            std::vector<u8> to(512, 0xee);
            auto expected = to;
            std::copy_n(source.begin() + 3, n, expected.begin() + static_cast<long>(skew));
            CHECK(our_memcpy(&to[skew], &source[3], n) == &to[skew]);
            REQUIRE(to == expected);
        }
}

TEST_CASE("moves are exact however the ranges overlap", "[base][memory]")
{
    for (usize n = 0; n < 200; ++n)
        for (const usize to :
             std::initializer_list<usize>{0, 1, 7, 8, 15, 16, 17, 63, 64, 65, 100, 130, 250}) {
            auto bytes = noise(600);
            auto expected = bytes;
            const std::vector<u8> middle(bytes.begin() + 100,
                                         bytes.begin() + 100 + static_cast<long>(n));
            std::copy(middle.begin(), middle.end(), expected.begin() + static_cast<long>(to));
            our_memmove(&bytes[to], &bytes[100], n);
            REQUIRE(bytes == expected);
        }
}

TEST_CASE("fills are exact", "[base][memory]")
{
    for (usize n = 0; n < 300; ++n)
        for (usize skew = 0; skew < 9; ++skew) {
            std::vector<u8> to(400, 1);
            auto expected = to;
            std::fill_n(expected.begin() + static_cast<long>(skew), n, 0xa5);
            our_memset(&to[skew], 0x1a5, n);
            REQUIRE(to == expected);
        }
}

TEST_CASE("comparisons agree with the first byte that differs", "[base][memory]")
{
    const auto one = noise(64);
    for (usize n = 0; n <= 40; ++n) {
        CHECK(our_memcmp(one.data(), one.data(), n) == 0);
        for (usize at = 0; at < n; ++at) {
            auto other = one;
            other[at] = static_cast<u8>(other[at] + 1);
            other[n - 1] = static_cast<u8>(other[n - 1] ^ 0x55);
            CHECK(sign(our_memcmp(one.data(), other.data(), n))
                  == sign(std::memcmp(one.data(), other.data(), n)));
        }
    }
}

TEST_CASE("searches stop at the first hit or the end", "[base][memory]")
{
    const std::string text = "a,b,c";
    CHECK(our_memchr(text.data(), ',', 5) == &text[1]);
    CHECK(our_memchr(text.data(), 'c', 4) == nullptr);
    CHECK(our_memchr(text.data(), 'a', 0) == nullptr);
    CHECK(our_strlen("") == 0);
    CHECK(our_strlen(text.c_str()) == 5);
    CHECK(our_strcmp("abc", "abc") == 0);
    CHECK(our_strcmp("ab", "abc") < 0);
    CHECK(our_strcmp("\xff", "a") > 0);
}
