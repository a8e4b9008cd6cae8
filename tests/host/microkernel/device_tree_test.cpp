// tests/host/microkernel/device_tree_test.cpp - what the kernel takes from a whole tree and from
// /chosen, and what it cannot do without.
#include "described.hpp"

#include <catch2/catch.hpp>

using kernel::PsciConduit;

TEST_CASE("a small machine is described", "[microkernel][device_tree]")
{
    const auto machine = accepted(small_machine());
    REQUIRE(machine.memory.count == 1);
    CHECK(machine.memory.storage[0] == region(0x4000'0000, 0x400'0000));
    CHECK(machine.cpus_present == 2);
    REQUIRE(machine.cpus.count == 2);
    CHECK(machine.cpus.storage[1].mpidr == 1);
    CHECK(machine.cpus.storage[1].psci);
    CHECK(machine.psci == PsciConduit::hvc);
    CHECK(machine.gic.version == 3);
    CHECK(machine.gic.distributor == region(0x800'0000, 0x1'0000));
    CHECK(machine.gic.redistributor == region(0x80a'0000, 0x4'0000));
    CHECK(machine.virtual_timer_intid == 27);
    CHECK(machine.uart.registers == region(0x900'0000, 0x1000));
    CHECK(machine.uart.interrupt.intid == 33);
    CHECK_FALSE(machine.uart.interrupt.edge);
    CHECK_FALSE(machine.uart.coherent);
    CHECK_FALSE(machine.initrd.has_value());
    CHECK(machine.reserved.count == 0);
    REQUIRE(machine.virtio.count == 2);
    CHECK(machine.virtio.storage[0].registers == region(0xa00'0000, 0x200));
    CHECK(machine.virtio.storage[1].interrupt.intid == 49);
    CHECK(machine.virtio.storage[1].interrupt.edge);
    CHECK(machine.virtio.storage[1].coherent);
}

TEST_CASE("a blob may be longer than its tree and start anywhere", "[microkernel][device_tree]")
{
    const auto tree = small_machine().blob();
    for (const usize shift : {1U, 2U, 3U, 8U}) {
        std::vector<std::byte> moved(shift);
        moved.insert(moved.end(), tree.begin(), tree.end());
        moved.resize(moved.size() + 100);
        CHECK(kernel::describe(std::span{moved}.subspan(shift)).has_value());
    }
}

TEST_CASE("the initrd is read from cells of 4 or 8 bytes", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    SECTION("4 bytes")
    {
        tree.cells("/chosen", "linux,initrd-start", {0x4200'0000});
        tree.cells("/chosen", "linux,initrd-end", {0x4200'1234});
    }
    SECTION("8 bytes")
    {
        tree.cells("/chosen", "linux,initrd-start", {0, 0x4200'0000});
        tree.cells("/chosen", "linux,initrd-end", {0, 0x4200'1234});
    }
    CHECK(accepted(tree).initrd == region(0x4200'0000, 0x1234));
}

TEST_CASE("an initrd of no bytes is none", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    tree.cells("/chosen", "linux,initrd-start", {0});
    tree.cells("/chosen", "linux,initrd-end", {0});
    CHECK_FALSE(accepted(tree).initrd.has_value());
}

TEST_CASE("an initrd that cannot be is refused", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    tree.cells("/chosen", "linux,initrd-start", {0x4200'0000});
    tree.cells("/chosen", "linux,initrd-end", {0x4200'1000});
    SECTION("without an end") { tree.drop("/chosen", "linux,initrd-end"); }
    SECTION("without a start") { tree.drop("/chosen", "linux,initrd-start"); }
    SECTION("that ends before it starts")
    {
        tree.cells("/chosen", "linux,initrd-end", {0x41ff'ffff});
    }
    SECTION("that ends beyond memory") { tree.cells("/chosen", "linux,initrd-end", {0x4400'0001}); }
    SECTION("that is not in memory at all")
    {
        tree.cells("/chosen", "linux,initrd-start", {0, 0});
        tree.cells("/chosen", "linux,initrd-end", {0, 0x1000});
    }
    SECTION("in three cells") { tree.cells("/chosen", "linux,initrd-end", {0, 0, 0x4200'1000}); }
    SECTION("in no cells") { tree.cells("/chosen", "linux,initrd-end", {}); }
    CHECK(refused(tree) == Errc::malformed);
}

TEST_CASE("boot arguments are the text before the zero byte", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    tree.text("/chosen", "bootargs", "quiet trials=200");
    const auto blob = tree.blob();
    CHECK(kernel::describe(blob)->bootargs == "quiet trials=200");

    tree.bytes("/chosen", "bootargs", {'a', 'b'});
    CHECK(refused(tree) == Errc::malformed);
}

TEST_CASE("what the kernel cannot do without is missed", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    SECTION("memory") { tree.drop("/memory@40000000"); }
    SECTION("CPUs") { tree.drop("/cpus"); }
    SECTION("PSCI") { tree.drop("/psci"); }
    SECTION("a PSCI of the first version, with numbers of its own")
    {
        tree.text("/psci", "compatible", "arm,psci");
    }
    SECTION("the GIC") { tree.drop("/intc@8000000"); }
    SECTION("a timer") { tree.drop("/timer"); }
    SECTION("the log's device") { tree.drop("/pl011@9000000"); }
    CHECK(refused(tree) == Errc::not_found);
}

TEST_CASE("no virtio slot at all is a machine too", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    tree.drop(slot0).drop(slot1);
    CHECK(accepted(tree).virtio.count == 0);
}
