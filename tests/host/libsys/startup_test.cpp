// tests/host/libsys/startup_test.cpp - grants and arguments of a program; deadlines.
#include <catch2/catch.hpp>
#include <sys/startup.hpp>
#include <sys/time.hpp>

namespace {

abi::Startup page(std::string_view arguments, u32 count)
{
    abi::Startup startup{};
    startup.name = text::padded<16>("vsh");
    startup.grant_count = 3;
    startup.grants[0] = {text::padded<16>("names"), abi::Slot{7},
                         static_cast<u32>(abi::Kind::endpoint), 0};
    startup.grants[1] = {text::padded<16>("bell"), abi::Slot{8},
                         static_cast<u32>(abi::Kind::notification), 0};
    startup.grants[2] = {text::padded<16>("bell"), abi::Slot{9},
                         static_cast<u32>(abi::Kind::notification), 1};
    std::copy(arguments.begin(), arguments.end(), startup.arguments.begin());
    startup.argument_bytes = static_cast<u32>(arguments.size());
    startup.argument_count = count;
    return startup;
}

}  // namespace

TEST_CASE("a grant is found by name and number, and has its kind", "[libsys][startup]")
{
    const abi::Startup startup = page("", 0);
    const sys::Startup given{startup};
    CHECK(given.grant<sys::Endpoint>("names").value().slot == abi::Slot{7});
    CHECK(given.grant<sys::Notification>("bell", 1).value().slot == abi::Slot{9});
    CHECK(given.grant<sys::Notification>("bell", 2).error() == Errc::not_found);
    CHECK(given.grant<sys::Memory>("names").error() == Errc::wrong_kind);
    CHECK(given.grant<sys::Endpoint>("serve").error() == Errc::not_found);
}

TEST_CASE("arguments are counted from zero, and a missing one is empty", "[libsys][startup]")
{
    const abi::Startup startup = page({"a\0\0blk info disk0\0", 18}, 3);
    const sys::Startup given{startup};
    CHECK(given.argument(0) == "a");
    CHECK(given.argument(1).empty());
    CHECK(given.argument(2) == "blk info disk0");
    CHECK(given.argument(3).empty());
    CHECK(given.argument(99).empty());
    const abi::Startup none = page("", 0);
    CHECK(sys::Startup{none}.argument(0).empty());
}

TEST_CASE("a duration becomes ticks, rounded up, and never wraps", "[libsys][time]")
{
    constexpr u64 frequency = 62'500'000;
    CHECK(sys::to_ticks(1, 1'000, frequency).raw() == 62'500);
    CHECK(sys::to_ticks(1, 1'000'000, 999'999).raw() == 1);
    CHECK(sys::to_ticks(3'000, 1'000, frequency).raw() == 3 * frequency);
    CHECK(sys::to_ticks(~u64{0}, 1'000, frequency) == abi::never);
    CHECK(sys::later(abi::Ticks{10}, abi::never) == abi::never);
    sys::host_counter = 100;
    CHECK(sys::after_ms(2).raw() == 100 + 125'000);
    CHECK(sys::to_nanoseconds(abi::Ticks{125}, frequency) == 2'000);
    CHECK(sys::to_nanoseconds(abi::Ticks{frequency * 1'000'000}, frequency)
          == 1'000'000'000'000'000);
}
