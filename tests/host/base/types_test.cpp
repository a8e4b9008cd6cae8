// tests/host/base/types_test.cpp - numbers with a unit, bit fields, ranges.
#include <base/bits.hpp>
#include <base/types.hpp>
#include <base/wire.hpp>
#include <catch2/catch.hpp>

TEST_CASE("a range fits only if it lies wholly within the limit", "[base][bits]")
{
    constexpr u64 most = ~u64{0};
    CHECK(fits(0, 0, 0));
    CHECK(fits(0, 10, 10));
    CHECK(fits(10, 0, 10));
    CHECK_FALSE(fits(11, 0, 10));
    CHECK_FALSE(fits(1, 10, 10));
    CHECK_FALSE(fits(most, 2, 10));
    CHECK_FALSE(fits(2, most, most));
    CHECK(fits(2, most - 2, most));
}

TEST_CASE("a field is read and written without its neighbours", "[base][bits]")
{
    using Middle = Field<11, 4>;
    STATIC_REQUIRE(Middle::mask == 0xff0);
    STATIC_REQUIRE(Field<63, 0>::mask == ~u64{0});
    CHECK(Middle::get(0xabcde) == 0xcd);
    CHECK(Middle::make(0x1ff) == 0xff0);
    CHECK(Middle::set(~u64{0}, 0) == 0xffff'ffff'ffff'f00f);
    CHECK(Middle::holds(0xff));
    CHECK_FALSE(Middle::holds(0x100));
}

TEST_CASE("alignment rounds to multiples", "[base][bits]")
{
    CHECK(align_up(0, page_bytes) == 0);
    CHECK(align_up(1, page_bytes) == page_bytes);
    CHECK(align_down(page_bytes - 1, page_bytes) == 0);
    CHECK(aligned(3 * page_bytes, page_bytes));
    CHECK_FALSE(aligned(7, 2));
}

TEST_CASE("units do not mix and order as numbers", "[base][types]")
{
    STATIC_REQUIRE_FALSE(std::convertible_to<u64, Bytes>);
    STATIC_REQUIRE_FALSE(std::convertible_to<PhysAddr, DeviceAddr>);
    CHECK(PhysAddr{0x1000} + Bytes{0x20} == PhysAddr{0x1020});
    CHECK(Bytes{1} < Bytes{2});
}

TEST_CASE("a Wire type has no padding and no pointers to run", "[base][wire]")
{
    struct Padded {
        u32 a;
        u64 b;
    };
    struct Whole {
        u32 a;
        u32 b;
        u64 c;
    };
    struct Nothing {};
    STATIC_REQUIRE_FALSE(Wire<Padded>);
    STATIC_REQUIRE(Wire<Whole>);
    STATIC_REQUIRE(wire_bytes<Nothing> == 0);
    STATIC_REQUIRE(wire_bytes<Whole> == 16);
}
