// tests/host/microkernel/device_tree_devices_test.cpp - the GIC and its interrupts, virtio slots,
// the log.
#include "described.hpp"

#include <catch2/catch.hpp>

TEST_CASE("GICv2 has a CPU interface", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    tree.text("/intc@8000000", "compatible", GENERATE("arm,cortex-a15-gic", "arm,gic-400"));
    tree.cells("/intc@8000000", "reg", {0, 0x800'0000, 0, 0x1'0000, 0, 0x801'0000, 0, 0x2000});
    const auto machine = accepted(tree);
    CHECK(machine.gic.version == 2);
    CHECK(machine.gic.cpu_interface == region(0x801'0000, 0x2000));

    tree.cells("/intc@8000000", "reg", {0, 0x800'0000, 0, 0x1'0000, 0, 0x801'0000, 0, 0x1000});
    CHECK(refused(tree) == Errc::malformed);  // GICC_DIR is in the second page
}

TEST_CASE("a GIC that cannot be is refused", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    SECTION("one region only") { tree.cells("/intc@8000000", "reg", {0, 0x800'0000, 0, 0x1'0000}); }
    SECTION("fewer redistributors than CPUs")
    {
        tree.cells("/intc@8000000", "reg",
                   {0, 0x800'0000, 0, 0x1'0000, 0, 0x80a'0000, 0, 0x3'ffff});
    }
    SECTION("interrupts of another form") { tree.cells("/intc@8000000", "#interrupt-cells", {2}); }
    SECTION("two of them")
    {
        tree.text("/gic2", "compatible", "arm,cortex-a15-gic")
            .cells("/gic2", "#interrupt-cells", {3});
        tree.cells("/gic2", "reg", {0, 0x700'0000, 0, 0x1'0000, 0, 0x701'0000, 0, 0x2000});
    }
    CHECK(refused(tree) == Errc::malformed);
}

TEST_CASE("interrupts that the GIC does not have are refused", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    SECTION("a shared one beyond the last") { tree.cells(slot0, "interrupts", {0, 988, 1}); }
    SECTION("a private one beyond the last") { tree.cells(slot0, "interrupts", {1, 16, 1}); }
    SECTION("of a third kind") { tree.cells(slot0, "interrupts", {2, 0, 1}); }
    SECTION("of two cells") { tree.cells(slot0, "interrupts", {0, 1}); }
    SECTION("none") { tree.drop(slot0, "interrupts"); }
    SECTION("too few for the timer") { tree.cells("/timer", "interrupts", {1, 13, 4, 1, 14, 4}); }
    SECTION("a shared one for the timer")
    {
        tree.cells("/timer", "interrupts", {1, 13, 4, 1, 14, 4, 0, 11, 4});
    }
    CHECK(refused(tree) == Errc::malformed);
}

TEST_CASE("the last interrupts of each kind are accepted", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    tree.cells(slot0, "interrupts", {0, 987, 1}).cells(slot1, "interrupts", {1, 15, 0xf04});
    const auto machine = accepted(tree);
    CHECK(machine.virtio.storage[0].interrupt.intid == 1019);
    CHECK(machine.virtio.storage[1].interrupt.intid == 31);
    CHECK_FALSE(machine.virtio.storage[1].interrupt.edge);
}

TEST_CASE("both edges are edges and both levels are levels", "[microkernel][device_tree]")
{
    const auto [flags, edge] =
        GENERATE(table<u32, bool>({{1, true}, {2, true}, {4, false}, {8, false}}));
    auto tree = small_machine();
    tree.cells(slot0, "interrupts", {0, 16, flags});
    CHECK(accepted(tree).virtio.storage[0].interrupt.edge == edge);
}

TEST_CASE("a device on another interrupt controller is not supported", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    SECTION("one device") { tree.cells(slot1, "interrupt-parent", {8}); }
    SECTION("all of them") { tree.cells("/", "interrupt-parent", {8}); }
    SECTION("nobody says") { tree.drop("/", "interrupt-parent"); }
    CHECK(refused(tree) == Errc::not_supported);
}

TEST_CASE("an interrupt parent is inherited and can be said again", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    tree.cells(slot1, "interrupt-parent", {7}).cells("/elsewhere", "interrupt-parent", {99});
    CHECK(accepted(tree).virtio.count == 2);
}

TEST_CASE("devices that cannot be are refused", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    auto expected = Errc::malformed;
    SECTION("two at one place") { tree.cells(slot1, "reg", {0, 0xa00'0000, 0, 0x200}); }
    SECTION("two that overlap") { tree.cells(slot1, "reg", {0, 0xa00'01ff, 0, 0x200}); }
    SECTION("in memory") { tree.cells(slot1, "reg", {0, 0x4000'1000, 0, 0x200}); }
    SECTION("in a page of the GIC") { tree.cells(slot1, "reg", {0, 0x800'fe00, 0, 0x200}); }
    SECTION("in a page of the redistributors")
    {
        tree.cells(slot1, "reg", {0, 0x80a'0000, 0, 0x200});
    }
    SECTION("in the page of the log") { tree.cells(slot1, "reg", {0, 0x900'0800, 0, 0x200}); }
    SECTION("of no size") { tree.cells(slot1, "reg", {0, 0xa00'0200, 0, 0}); }
    SECTION("without registers") { tree.drop(slot1, "reg"); }
    SECTION("more than there is room for")
    {
        for (u32 n = 0; n < 63; ++n) {
            const auto path = "/slot" + std::to_string(n);
            tree.text(path, "compatible", "virtio,mmio").cells(path, "interrupts", {0, n, 1});
            tree.cells(path, "reg", {0, 0xb00'0000 + n * 0x200, 0, 0x200});
        }
        expected = Errc::no_space;
    }
    CHECK(refused(tree) == expected);
}

TEST_CASE("pages that the kernel's devices do not fill are still the kernel's",
          "[microkernel][device_tree]")
{
    auto tree = small_machine();
    tree.cells("/pl011@9000000", "reg", {0, 0x900'0400, 0, 0x400});
    CHECK(refused(tree) == Errc::ok);
    tree.cells(slot1, "reg", {0, GENERATE(0x900'0000U, 0x900'0e00U), 0, 0x200});
    CHECK(refused(tree) == Errc::malformed);
}

TEST_CASE("64 slots fit and are sorted", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    for (u32 n = 0; n < 62; ++n) {
        const u32 place = n * 37 % 62;
        const auto path = "/slot" + std::to_string(n);
        tree.text(path, "compatible", "virtio,mmio").cells(path, "interrupts", {0, place, 1});
        tree.cells(path, "reg", {0, 0xb00'0000 + place * 0x200, 0, 0x200});
    }
    const auto machine = accepted(tree);
    REQUIRE(machine.virtio.count == 64);
    for (u32 n = 0; n < 62; ++n) {
        CHECK(machine.virtio.storage[2 + n].registers.base == PhysAddr{0xb00'0000 + n * 0x200});
        CHECK(machine.virtio.storage[2 + n].interrupt.intid == 32 + n);
    }
}

TEST_CASE("the log is the PL011 of the lowest address", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    const u32 base = GENERATE(0x8ff'0000U, 0x904'0000U);
    tree.text("/second", "compatible", "arm,pl011").cells("/second", "reg", {0, base, 0, 0x1000});
    tree.cells("/second", "interrupts", {0, 8, 4});
    CHECK(accepted(tree).uart.registers.base.raw() == std::min(base, 0x900'0000U));
}
