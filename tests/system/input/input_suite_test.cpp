// input_suite_test.cpp - keyboard, mouse and tablet at once, on registers of both versions.
#include "typist.hpp"

#include <catch2/catch.hpp>

namespace {

void check_suite(const cli::Words& words)
{
    const auto guest = typist::boot(words);
    cli::check_good(guest);
    CHECK(guest.asked > 100);
}

}  // namespace

TEST_CASE("keys, motion and LEDs go through inputd with version 2 registers",
          "[I1][I2][I3][I4][I5][I6][I8][I9][I10][I13][I15][U18][U29][LD28][machine]")
{
    check_suite({"-c", "3000"});
}

TEST_CASE("keys, motion and LEDs go through inputd with version 1 registers",
          "[I4][I8][I9][I10][machine]")
{
    check_suite({"-c", "900", "--legacy"});
}

TEST_CASE("two keyboards are told apart, and each has its own keys", "[I7][I12][D9]")
{
    const auto guest = typist::boot({"-c", "two"}, "two.toml");
    cli::check_good(guest);
    CHECK(guest.asked == 4);
}

TEST_CASE("a hundred thousand numbered keys come complete and in order", "[I4][full]")
{
    check_suite({"-c", "100000"});
}
