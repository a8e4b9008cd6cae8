// tests/host/rngd/generator_test.cpp - health tests, known answers of the DRBG, and when bytes are
// handed out.
#include "generator.hpp"

#include <algorithm>
#include <bit>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace {

using rngd::Generator;
using rngd::random::Health;

constexpr u64 second = 1000;  // ticks

std::vector<u8> noise(usize count, u32 seed = 1)
{
    std::mt19937 engine{seed};
    std::vector<u8> bytes(count);
    std::ranges::generate(bytes, [&] { return static_cast<u8>(engine() >> 11); });
    return bytes;
}

std::vector<u8> from_hex(std::string_view digits)
{
    std::vector<u8> bytes;
    for (usize i = 0; i + 1 < digits.size(); i += 2)
        bytes.push_back(static_cast<u8>(std::stoul(std::string{digits.substr(i, 2)}, nullptr, 16)));
    return bytes;
}

void seed(Generator& generator, u64 now = 0)
{
    generator.feed(noise(generator.wanted(now)), now);
    REQUIRE(generator.health(now) == Health::good);
}

}  // namespace

TEST_CASE("noise passes the health test", "[rngd]")
{
    rngd::HealthTest test;
    for (u32 i = 0; i < 200; ++i)
        REQUIRE(test.accept(noise(4096, i)));
}

TEST_CASE("a stuck source fails by repetition", "[rngd][hostile][LD29]")
{
    rngd::HealthTest test;
    const std::vector<u8> eight(8, 0);
    const std::vector<u8> nine(9, 0);
    CHECK(test.accept(eight));
    CHECK_FALSE(
        rngd::HealthTest{test}.accept(std::span{eight}.first(1)));  // runs on from call to call
    CHECK_FALSE(rngd::HealthTest{}.accept(nine));
    CHECK(rngd::HealthTest{}.accept(std::vector<u8>{7, 7, 7, 7, 7, 7, 7, 7, 8, 7}));
}

TEST_CASE("a source with a favourite value fails by proportion", "[rngd][hostile][LD29]")
{
    const auto favours = [](usize every) {
        auto bytes = noise(512 * 8);
        for (usize i = 0; i < bytes.size(); i += every)
            bytes[i] = 0x55;
        return rngd::HealthTest{}.accept(bytes);
    };
    CHECK_FALSE(favours(4));
    CHECK(favours(64));
    std::vector<u8> counter(4096);
    for (usize i = 0; i < counter.size(); ++i)
        counter[i] = static_cast<u8>(i % 4);
    CHECK_FALSE(rngd::HealthTest{}.accept(counter));
}

TEST_CASE("a value is a favourite at 71 of 512 samples and not before", "[rngd][hostile]")
{
    // So many times 0x55, the first sample included, and then again at the very end.
    const auto window = [](usize often) {
        std::vector<u8> bytes(512);
        for (usize i = 0; i < bytes.size(); ++i)
            bytes[i] = static_cast<u8>(i % 64);
        for (usize i = 0; i < often - 1; ++i)
            bytes[2 * i] = 0x55;
        bytes.back() = 0x55;
        return bytes;
    };
    REQUIRE(std::ranges::count(window(70), 0x55) == 70);
    rngd::HealthTest test;
    CHECK(test.accept(window(70)));
    CHECK(test.accept(window(70)));  // each window counts for itself
    CHECK_FALSE(test.accept(window(71)));
}

TEST_CASE("the DRBG gives NIST's known answer", "[rngd]")
{
    // CAVP HMAC_DRBG, SHA-256, no reseed, count 0: entropy input and nonce; the second 1024 bits.
    rngd::Drbg drbg;
    drbg.instantiate(from_hex("ca851911349384bffe89de1cbdc46e6831e44d34a4fb935ee285dd14b71a7488"
                              "659ba96c601dc69fc902940805ec0ca8"));
    std::vector<u8> out(128);
    drbg.generate(out);
    drbg.generate(out);
    CHECK(out
          == from_hex("e528e9abf2dece54d47c7e75e5fe302149f817ea9fb4bee6f4199697d04d5b89"
                      "d54fbb978a15b5c443c9ec21036d2460b6f73ebad0dc2aba6e624abf07745bc1"
                      "07694bb7547bb0995f70de25d6b29e2d3011bb19d27676c07162c8b5ccde0668"
                      "961df86803482cb37ed6d5c0bb8d50cf1f50d476aa0458bdaba806f48be9dcb8"));
}

TEST_CASE("a reseed changes what follows as SP 800-90A says", "[rngd]")
{
    // Computed with an independent HMAC_DRBG.
    std::vector<u8> first(48);
    std::ranges::generate(first, [n = u8{0}]() mutable { return n++; });
    rngd::Drbg drbg;
    drbg.instantiate(first);
    std::vector<u8> out(64);
    drbg.generate(out);
    CHECK(out
          == from_hex("0ffb80875a3e9022a4941a3fa1b0d3611df14e1cf651a73ce9229b9f3ad56887"
                      "680428845710288ea4391ca6f21df8cd88b7b27a8dfc16559540739759480c16"));
    drbg.reseed(std::vector<u8>(64, 0xaa));
    drbg.generate(out);
    CHECK(out
          == from_hex("b5e788319183fd70038dadbe88b4d4c74777f09405f687d2b81394c19ec90632"
                      "2b1b8ed3b84ebe385ff9bae901a06584936d914329319a9085b6fcdd051a00d0"));
}

TEST_CASE("nothing is handed out before the first seed, however slowly it comes", "[rngd]")
{
    Generator generator{second};
    std::array<u8, 16> out{};
    CHECK(generator.wanted(0) == Generator::first_seed_bytes);
    const auto bytes = noise(Generator::first_seed_bytes);
    for (usize i = 0; i < bytes.size(); ++i) {
        REQUIRE(generator.generate(out, 0).error() == Errc::would_block);
        REQUIRE(generator.health(0) == Health::unseeded);
        REQUIRE(generator.wanted(0) == bytes.size() - i);
        generator.feed(std::span{bytes}.subspan(i, 1), 0);
    }
    CHECK(generator.health(0) == Health::good);
    CHECK(generator.wanted(0) == 0);
    REQUIRE(generator.generate(out, 0).has_value());
    CHECK(std::ranges::count(out, 0) < 8);
    CHECK(generator.info(0).reseeds == 1);
    CHECK(generator.info(0).bytes_served == 16);
}

TEST_CASE("the same bytes never come twice", "[rngd]")
{
    Generator generator{second};
    seed(generator);
    std::vector<std::array<u8, 16>> seen(1000);
    for (auto& each : seen)
        REQUIRE(generator.generate(each, 0).has_value());
    std::ranges::sort(seen);
    CHECK(std::ranges::adjacent_find(seen) == seen.end());
}

TEST_CASE("a reseed is asked for after so many bytes, or so much time", "[rngd]")
{
    Generator generator{second};
    seed(generator, 0);
    std::vector<u8> out(512);
    SECTION("bytes")
    {
        for (u64 n = 0; n < Generator::reseed_after_bytes; n += out.size()) {
            CHECK(generator.wanted(0) == 0);
            REQUIRE(generator.generate(out, 0).has_value());
        }
        CHECK(generator.wanted(0) == Generator::reseed_bytes);
    }
    SECTION("time")
    {
        CHECK(generator.wanted(300 * second - 1) == 0);
        CHECK(generator.wanted(300 * second) == Generator::reseed_bytes);
    }
    generator.feed(noise(Generator::reseed_bytes, 2), 300 * second);
    CHECK(generator.info(300 * second).reseeds == 2);
    CHECK(generator.wanted(300 * second) == 0);
}

TEST_CASE("what is handed out depends on all bytes of each seed", "[rngd]")
{
    const auto answer = [](usize first_changed, u32 second_seed) {
        Generator generator{second};
        auto bytes = noise(Generator::first_seed_bytes);
        if (first_changed < bytes.size())
            bytes[first_changed] ^= 1;
        generator.feed(bytes, 0);
        std::array<u8, 8> out{};
        if (second_seed != 0)
            generator.feed(noise(Generator::reseed_bytes, second_seed), 0);
        REQUIRE(generator.info(0).reseeds == (second_seed != 0 ? 2 : 1));
        REQUIRE(generator.generate(out, 0).has_value());
        return std::bit_cast<u64>(out);
    };
    constexpr usize none = Generator::first_seed_bytes;
    CHECK(answer(none, 0) == answer(none, 0));
    CHECK(answer(none, 0) != answer(0, 0));
    CHECK(answer(none, 0) != answer(none - 1, 0));
    CHECK(answer(none, 0) != answer(none, 2));
    CHECK(answer(none, 2) == answer(none, 2));
    CHECK(answer(none, 2) != answer(none, 3));
    CHECK(answer(none, 2) != answer(0, 2));  // a reseed adds to what was there
}

TEST_CASE("after so many bytes without a reseed nothing is handed out", "[rngd]")
{
    Generator generator{second};
    seed(generator);
    std::vector<u8> out(64 * 1024);
    const u64 most = Generator::patience * Generator::reseed_after_bytes;
    for (u64 n = 0; n < most; n += out.size())
        REQUIRE(generator.generate(out, 0).has_value());
    CHECK(generator.info(0).bytes_served == most);
    CHECK(generator.health(0) == Health::stale);
    CHECK(generator.generate(std::span{out}.first(1), 0).error() == Errc::would_block);
    generator.feed(noise(Generator::reseed_bytes, 2), 0);
    CHECK(generator.generate(std::span{out}.first(1), 0).has_value());
}

TEST_CASE("a device that stalls is put up with for a while, and is taken back", "[rngd]")
{
    Generator generator{second};
    seed(generator, 0);
    std::array<u8, 32> out{};
    const u64 limit = 300 * second * Generator::patience;
    CHECK(generator.generate(out, limit - 1).has_value());
    CHECK(generator.generate(out, limit).error() == Errc::would_block);
    CHECK(generator.health(limit) == Health::stale);
    CHECK(generator.wanted(limit) == Generator::reseed_bytes);
    generator.feed(noise(64, 3), limit);
    CHECK(generator.generate(out, limit).has_value());
}

TEST_CASE("bytes that fail the health test seed nothing", "[rngd][hostile][LD29]")
{
    Generator generator{second};
    std::array<u8, 8> out{};
    generator.feed(noise(1000), 0);
    generator.feed(std::vector<u8>(24, 0), 0);
    CHECK(generator.health(0) == Health::unseeded);
    CHECK(generator.wanted(0)
          == Generator::first_seed_bytes);  // the good ones before them are gone too
    CHECK(generator.info(0).discarded_bytes == 1024);

    SECTION("one failure is forgiven")
    {
        seed(generator);
        CHECK(generator.generate(out, 0).has_value());
    }
    SECTION("two are the end")
    {
        generator.feed(std::vector<u8>(24, 0), 0);
        CHECK(generator.health(0) == Health::failed);
        CHECK(generator.wanted(0) == 0);
        CHECK(generator.generate(out, 0).error() == Errc::device_fault);
    }
}

TEST_CASE("a device that fails later does not stop what is seeded until its time is up",
          "[rngd][hostile]")
{
    Generator generator{second};
    seed(generator, 0);
    const u64 late = 300 * second;
    for (int i = 0; i < 3; ++i)
        generator.feed(std::vector<u8>(64, 9), late);
    std::array<u8, 8> out{};
    CHECK(generator.generate(out, late).has_value());
    CHECK(generator.generate(out, late * Generator::patience).error() == Errc::device_fault);
}

TEST_CASE("an erased DRBG holds nothing", "[rngd]")
{
    alignas(rngd::Drbg) std::array<u8, sizeof(rngd::Drbg)> place{};
    auto* drbg = new (place.data()) rngd::Drbg;
    drbg->instantiate(noise(64));
    CHECK(std::ranges::count(place, 0) + 60 < static_cast<std::ptrdiff_t>(sizeof(place)));
    drbg->~Drbg();
    CHECK(std::ranges::count(place, 0) == static_cast<std::ptrdiff_t>(sizeof(place)));
}

TEST_CASE("device bytes stay in the pool no longer than they must", "[rngd]")
{
    alignas(Generator) std::array<u8, sizeof(Generator)> place{};
    const auto bytes = noise(Generator::first_seed_bytes);
    const auto kept = [&](usize from) {
        return !std::ranges::search(place, std::span{bytes}.subspan(from, 8)).empty();
    };
    auto* generator = new (place.data()) Generator{second};
    generator->feed(std::span{bytes}.first(500), 0);
    REQUIRE(kept(0));
    REQUIRE(kept(492));
    generator->feed(std::vector<u8>(24, 0), 0);  // fails: all are thrown away
    CHECK_FALSE(kept(0));
    CHECK_FALSE(kept(492));

    generator->feed(std::span{bytes}.first(1023), 0);
    REQUIRE(kept(1015));
    generator->feed(std::span{bytes}.subspan(1023), 0);  // the seed
    REQUIRE(generator->health(0) == Health::good);
    CHECK_FALSE(kept(0));
    CHECK_FALSE(kept(1015));

    generator->feed(std::span{bytes}.first(32), 0);
    REQUIRE(kept(24));
    generator->~Generator();
    CHECK_FALSE(kept(0));
    CHECK_FALSE(kept(24));
}
