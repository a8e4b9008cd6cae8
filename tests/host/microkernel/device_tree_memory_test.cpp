// tests/host/microkernel/device_tree_memory_test.cpp - memory, and the parts of it that are taken.
#include "described.hpp"

#include <catch2/catch.hpp>

TEST_CASE("memory ranges of several nodes are sorted", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    tree.text("/memory@100000000", "device_type", "memory");
    tree.cells("/memory@100000000", "reg", {2, 0, 0, 0x1000, 1, 0, 0, 0x2000});
    const auto machine = accepted(tree);
    REQUIRE(machine.memory.count == 3);
    CHECK(machine.memory.storage[0] == region(0x4000'0000, 0x400'0000));
    CHECK(machine.memory.storage[1] == region(0x1'0000'0000, 0x2000));
    CHECK(machine.memory.storage[2] == region(0x2'0000'0000, 0x1000));
}

TEST_CASE("memory is a child of the root", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    tree.bytes("/soc", "ranges", {}).text("/soc/sram", "device_type", "memory");
    CHECK(accepted(tree).memory.count == 1);
}

TEST_CASE("memory that cannot be is refused", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    tree.text("/memory@80000000", "device_type", "memory");
    const auto reg = [&](std::initializer_list<u32> values) {
        tree.cells("/memory@80000000", "reg", values);
    };
    auto expected = Errc::malformed;
    SECTION("without reg") {}
    SECTION("an empty reg") { reg({}); }
    SECTION("a piece of an entry") { reg({0, 0x8000'0000, 0}); }
    SECTION("of no size") { reg({0, 0x8000'0000, 0, 0}); }
    SECTION("that wraps around") { reg({~0U, ~0U, 0, 2}); }
    SECTION("beyond what a CPU can address") { reg({0x10'0000, 0, 0, 0x1000}); }
    SECTION("that overlaps the end of another") { reg({0, 0x43ff'ffff, 0, 2}); }
    SECTION("that covers another") { reg({0, 0x3000'0000, 0, 0x4000'0000}); }
    SECTION("that lies within another") { reg({0, 0x4000'1000, 0, 0x1000}); }
    SECTION("in too many ranges")
    {
        reg({1, 0, 0, 16, 2, 0, 0, 16, 3, 0, 0, 16, 4, 0, 0, 16});
        expected = Errc::no_space;
    }
    CHECK(refused(tree) == expected);
}

TEST_CASE("reserved memory is reported, wherever the tree says it", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    tree.reserve(0x4300'0000, 0x1000);
    tree.cells("/reserved-memory", "#address-cells", {2})
        .cells("/reserved-memory", "#size-cells", {2});
    tree.bytes("/reserved-memory", "ranges", {});
    tree.cells("/reserved-memory/a", "reg", {0, 0x4310'0000, 0, 0x2000, 0, 0x4320'0000, 0, 0x3000});
    tree.cells("/reserved-memory/b", "size", {0, 0x1000});
    const auto machine = accepted(tree);
    REQUIRE(machine.reserved.count == 3);
    CHECK(machine.reserved.storage[0] == region(0x4300'0000, 0x1000));
    CHECK(machine.reserved.storage[2] == region(0x4320'0000, 0x3000));

    for (u64 n = 0; n < 8; ++n)
        tree.reserve(0x4200'0000 + n * 0x1000, 0x1000);
    CHECK(refused(tree) == Errc::no_space);
}
