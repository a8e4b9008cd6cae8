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

using rngd::ChaCha20;
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

TEST_CASE("noise passes the health test", "[rngd][R9]")
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

TEST_CASE("ChaCha20 gives the blocks of RFC 8439", "[rngd][R9]")
{
    const auto block = [](const ChaCha20::Key& key, u32 counter, const ChaCha20::Nonce& nonce) {
        std::vector<u8> out(ChaCha20::block_bytes);
        ChaCha20::block(key, counter, nonce, std::span<u8, ChaCha20::block_bytes>{out});
        return out;
    };
    std::array<u8, 32> rising{};
    std::ranges::generate(rising, [n = u8{0}]() mutable { return n++; });
    CHECK(block(std::bit_cast<ChaCha20::Key>(rising), 1, {0x09000000, 0x4a000000, 0})  // 2.3.2
          == from_hex("10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
                      "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e"));
    CHECK(block({}, 0, {})  // A.1, 1
          == from_hex("76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
                      "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"));
    CHECK(block({}, 1, {})  // A.1, 2
          == from_hex("9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
                      "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f"));
    CHECK(block({0, 0, 0, 0, 0, 0, 0, 0x01000000}, 1, {})  // A.1, 3
          == from_hex("3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a"
                      "8eca00bbb4a73bdad192b5c42f73f2fd4e273644c8b36125a64addeb006c13a0"));
}

TEST_CASE("answers and reseeds are those of an independent fast key erasure", "[rngd][R9]")
{
    std::vector<u8> first(48);
    std::ranges::generate(first, [n = u8{0}]() mutable { return n++; });
    rngd::Drbg drbg;
    drbg.seed(first, 5);
    std::vector<u8> out(64);
    drbg.generate(out);
    CHECK(out
          == from_hex("375ea6c76fa347d100829ae29298d88bee9dddad2a4a8a715d9eab827c829893"
                      "7b8570a57b52640de6d54756834f4ab73dcea655841cf2dbd96f36b402f83516"));
    drbg.generate(out);
    CHECK(out
          == from_hex("33ac0fcdb5452b9916b3ff1248c0988fe4dc1f328f41b39789f5b72623e9b3d4"
                      "7ae56352bd47438527be04369bfcd9afaf86dc94efae248aa736fbc86249364f"));
    drbg.seed(std::vector<u8>(64, 0xaa), 9);
    drbg.generate(out);
    CHECK(out
          == from_hex("83538ebef85f984d8505afeaec5913dc293c3f517cc5cb362adde65e97e2a8da"
                      "492c3db75593868709867798f3b9cb0f5edac159307d0584dbb8cb53940f13c7"));
}

TEST_CASE("an answer of any length is the front of a longer one", "[rngd][R9]")
{
    const auto answer = [](usize bytes) {
        rngd::Drbg drbg;
        drbg.seed(noise(64), 0);
        std::vector<u8> out(bytes + 1, 0x5a);
        drbg.generate(std::span{out}.first(bytes));
        CHECK(out.back() == 0x5a);
        out.pop_back();
        std::array<u8, 8> next{};
        drbg.generate(next);
        return std::pair{out, next};
    };
    const auto [longest, after] = answer(600);
    for (const usize bytes : {0U, 1U, 31U, 32U, 33U, 95U, 96U, 97U, 512U}) {
        const auto [out, next] = answer(bytes);
        CHECK(std::ranges::equal(out, std::span{longest}.first(bytes)));
        CHECK(next == after);
    }
}

TEST_CASE("a key is gone with the answer that it gave", "[rngd][R9][U19]")
{
    alignas(rngd::Drbg) std::array<u8, sizeof(rngd::Drbg)> place{};
    auto* drbg = new (place.data()) rngd::Drbg;
    drbg->seed(noise(64), 0);
    const auto before = place;
    std::array<u8, 200> out{};
    drbg->generate(out);
    CHECK(place != before);
    CHECK(std::ranges::search(out, std::span{place}.first(8))
              .empty());  // nor does it hold what it gave
    drbg->~Drbg();
}

TEST_CASE("a generator that gives wrong answers gives none", "[rngd][hostile][R9][U19]")
{
    CHECK(rngd::Drbg::gives(rngd::Drbg::known_answer));
    auto wrong = rngd::Drbg::known_answer;
    wrong.back() ^= 1;
    CHECK_FALSE(rngd::Drbg::gives(wrong));

    Generator generator{second, false};
    CHECK(generator.wanted(0) == 0);
    generator.feed(noise(Generator::first_seed_bytes), 0);
    std::array<u8, 8> out{};
    CHECK(generator.health(0) == Health::failed);
    CHECK(generator.generate(out, 0).error() == Errc::device_fault);
    CHECK(out == std::array<u8, 8>{});
}

TEST_CASE("a device that says the same to two generators makes them say different things",
          "[rngd][hostile][U19]")
{
    const auto answer = [](u64 now) {
        Generator generator{second};
        generator.feed(noise(Generator::first_seed_bytes), now);
        std::array<u8, 16> out{};
        REQUIRE(generator.generate(out, now).has_value());
        return out;
    };
    CHECK(answer(7) == answer(7));
    CHECK(answer(7) != answer(8));
}

TEST_CASE("nothing is handed out before the first seed, however slowly it comes", "[rngd][R7][U19]")
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

TEST_CASE("the same bytes never come twice", "[rngd][U19]")
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

TEST_CASE("what is handed out depends on all bytes of each seed", "[rngd][R7][U19]")
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

TEST_CASE("an erased DRBG holds nothing", "[rngd][R9]")
{
    alignas(rngd::Drbg) std::array<u8, sizeof(rngd::Drbg)> place{};
    auto* drbg = new (place.data()) rngd::Drbg;
    drbg->seed(noise(64), 0);
    CHECK(std::ranges::count(place, 0) + 24 < static_cast<std::ptrdiff_t>(sizeof(place)));
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
