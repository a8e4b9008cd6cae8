// tests/host/microkernel/device_tree_nodes_test.cpp - how nodes are read: cells, buses, status,
// compatible.
#include "described.hpp"

#include <catch2/catch.hpp>

TEST_CASE("addresses and sizes have as many cells as the parent says", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    tree.cells("/soc", "#address-cells", {1}).cells("/soc", "#size-cells", {1});
    tree.bytes("/soc", "ranges", {});
    tree.text("/soc/slot", "compatible", "virtio,mmio");
    tree.cells("/soc/slot", "reg", {0xb00'0000, 0x400}).cells("/soc/slot", "interrupts", {1, 5, 4});

    SECTION("one each")
    {
        const auto machine = accepted(tree);
        REQUIRE(machine.virtio.count == 3);
        CHECK(machine.virtio.storage[2].registers == region(0xb00'0000, 0x400));
        CHECK(machine.virtio.storage[2].interrupt.intid == 21);
        CHECK_FALSE(machine.virtio.storage[2].interrupt.edge);
        CHECK_FALSE(machine.virtio.storage[2].coherent);
    }
    SECTION("one and two")
    {
        tree.cells("/soc", "#size-cells", {2}).cells("/soc/slot", "reg", {0xb00'0000, 0, 0x400});
        CHECK(accepted(tree).virtio.storage[2].registers == region(0xb00'0000, 0x400));
    }
    SECTION("two and one by default")
    {
        tree.drop("/soc", "#address-cells").drop("/soc", "#size-cells");
        tree.cells("/soc/slot", "reg", {1, 0xb00'0000, 0x400});
        CHECK(accepted(tree).virtio.storage[2].registers == region(0x1'0b00'0000, 0x400));
    }
    SECTION("three are too many for an address")
    {
        tree.cells("/soc", "#address-cells", {3})
            .cells("/soc/slot", "reg", {0, 0, 0xb00'0000, 0x400});
        CHECK(refused(tree) == Errc::malformed);
    }
    SECTION("four thousand million are too many")
    {
        tree.cells("/soc", "#address-cells", {~0U});
        CHECK(refused(tree) == Errc::malformed);
    }
    SECTION("a device without a size is none")
    {
        tree.cells("/soc", "#size-cells", {0}).cells("/soc/slot", "reg", {0xb00'0000});
        CHECK(refused(tree) == Errc::malformed);
    }
    SECTION("a count in two cells is none")
    {
        tree.cells("/soc", "#size-cells", {0, 1});
        CHECK(refused(tree) == Errc::malformed);
    }
}

TEST_CASE("what is not the CPU's address is not taken for one", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    tree.cells("/bus", "#address-cells", {1}).cells("/bus", "#size-cells", {1});
    tree.text("/bus/slot", "compatible", "virtio,mmio");
    tree.cells("/bus/slot", "reg", {0xb00'0000, 0x400}).cells("/bus/slot", "interrupts", {0, 5, 4});
    SECTION("a bus without ranges") {}
    SECTION("a bus that translates")
    {
        tree.cells("/bus", "ranges", {0, 0, 0xc00'0000, 0x200'0000});
    }
    SECTION("a transparent bus below one that translates")
    {
        tree.drop("/bus/slot").cells("/bus", "ranges", {0, 0, 0xc00'0000, 0x200'0000});
        tree.bytes("/bus/inner", "ranges", {}).text("/bus/inner/slot", "compatible", "virtio,mmio");
    }
    CHECK(accepted(tree).virtio.count == 2);
}

TEST_CASE("nodes that are not enabled are skipped with all below", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    SECTION("a device")
    {
        tree.text(slot0, "status", "disabled");
        const auto machine = accepted(tree);
        REQUIRE(machine.virtio.count == 1);
        CHECK(machine.virtio.storage[0].registers.base == PhysAddr{0xa00'0200});
    }
    SECTION("whatever the word is")
    {
        tree.text(slot0, "status", "reserved").text(slot1, "status", "fail-sss");
        CHECK(accepted(tree).virtio.count == 0);
    }
    SECTION("an unterminated word")
    {
        tree.bytes(slot0, "status", {'o', 'k', 'a', 'y'});
        CHECK(accepted(tree).virtio.count == 1);
    }
    SECTION("okay and ok are enabled")
    {
        tree.text(slot0, "status", "okay").text(slot1, "status", "ok");
        CHECK(accepted(tree).virtio.count == 2);
    }
    SECTION("a CPU")
    {
        tree.text("/cpus/cpu@1", "status", "disabled");
        CHECK(accepted(tree).cpus_present == 1);
    }
    SECTION("a second memory")
    {
        tree.text("/secram@e000000", "device_type", "memory")
            .text("/secram@e000000", "status", "disabled");
        tree.cells("/secram@e000000", "reg", {0, 0xe00'0000, 0, 0x100'0000});
        CHECK(accepted(tree).memory.count == 1);
    }
    SECTION("a whole bus")
    {
        tree.bytes("/soc", "ranges", {}).text("/soc", "status", "disabled");
        tree.text("/soc/slot", "compatible", "virtio,mmio");
        CHECK(accepted(tree).virtio.count == 2);
    }
    SECTION("the only one of its kind")
    {
        tree.text("/pl011@9000000", "status", "disabled");
        CHECK(refused(tree) == Errc::not_found);
    }
}

TEST_CASE("compatible is a list of strings", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    using namespace std::string_literals;
    tree.text("/other@b000000", "compatible", "acme,thing\0virtio,mmio"s);
    tree.cells("/other@b000000", "reg", {0, 0xb00'0000, 0, 0x200});
    tree.cells("/other@b000000", "interrupts", {0, 40, 1});
    tree.text("/others@c000000", "compatible", "virtio,mmio2");
    tree.bytes("/unended@d000000", "compatible",
               {'v', 'i', 'r', 't', 'i', 'o', ',', 'm', 'm', 'i', 'o'});
    CHECK(accepted(tree).virtio.count == 3);
}
