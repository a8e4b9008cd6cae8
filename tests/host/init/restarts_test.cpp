// tests/host/init/restarts_test.cpp - when a server is started again, by a clock that the test
// holds.
#include "restarts.hpp"

#include <vector>

#include <catch2/catch.hpp>

using init::Restarts;
namespace table = proto::table;

namespace {

constexpr table::Restart policy{.immediate = 2,
                                .give_up_after = 6,
                                .back_off_min_ms = 100,
                                .back_off_max_ms = 300,
                                .window_ms = 10'000,
                                .drain_ms = 0,
                                .hang = 0};

abi::Ticks at(u64 ms) { return sys::milliseconds(ms); }

}  // namespace

TEST_CASE("the first ends are followed at once, the next later and later, the last by nothing",
          "[init][restarts]")
{
    Restarts restarts;
    std::vector<std::optional<u32>> waits;
    for (u64 i = 0; i < 7; ++i)
        waits.push_back(restarts.ended(policy, at(1'000 + i)));
    CHECK(waits
          == std::vector<std::optional<u32>>{0, 0, 100, 200, 300, std::nullopt, std::nullopt});
}

TEST_CASE("ends that lie further back than the window do not count", "[init][restarts]")
{
    Restarts restarts;
    CHECK(restarts.ended(policy, at(0)) == 0U);
    CHECK(restarts.ended(policy, at(0)) == 0U);
    CHECK(restarts.ended(policy, at(10'000)) == 100U);
    CHECK(restarts.ended(policy, at(10'001)) == 0U);  // the first two are forgotten
    for (u64 i = 1; i < 1'000; ++i)
        REQUIRE(restarts.ended(policy, at(20'001 * (i + 1))) == 0U);
}

TEST_CASE("what is forgiven is forgotten", "[init][restarts]")
{
    Restarts restarts;
    for (int i = 0; i < 6; ++i)
        (void)restarts.ended(policy, at(5));
    CHECK_FALSE(restarts.ended(policy, at(5)));
    restarts.forgive();
    CHECK(restarts.ended(policy, at(5)) == 0U);
}

TEST_CASE("a server that is never given up waits no longer than the longest wait",
          "[init][restarts]")
{
    auto patient = policy;
    patient.give_up_after = 0;
    patient.back_off_min_ms = ~u32{0};  // doubling it must not wrap
    patient.back_off_max_ms = ~u32{0};
    patient.immediate = 0;
    Restarts restarts;
    for (int i = 0; i < 100; ++i)
        REQUIRE(restarts.ended(patient, at(0)) == ~u32{0});
}

TEST_CASE("a policy that waits for nothing restarts at once for good", "[init][restarts]")
{
    Restarts restarts;
    for (int i = 0; i < 1'000; ++i)
        REQUIRE(restarts.ended({.immediate = 0,
                                .give_up_after = 0,
                                .back_off_min_ms = 0,
                                .back_off_max_ms = 0,
                                .window_ms = 3'600'000,
                                .drain_ms = 0,
                                .hang = 0},
                               at(0))
                == 0U);
}
