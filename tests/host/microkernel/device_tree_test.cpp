// tests/host/microkernel/device_tree_test.cpp - what the kernel takes from a tree, and which trees
// it refuses.
#include "boot/device_tree.hpp"
#include "machine_rules.hpp"
#include "tree_editor.hpp"

#include <catch2/catch.hpp>

using kernel::MachineDescription;
using kernel::PsciConduit;
using kernel::Region;

namespace kernel {
static bool operator==(Region a, Region b) { return a.base == b.base && a.size == b.size; }
}  // namespace kernel

namespace {

const std::string slot0 = "/virtio_mmio@a000000";
const std::string slot1 = "/virtio_mmio@a000200";

Region region(u64 base, u64 size) { return {PhysAddr{base}, Bytes{size}}; }

MachineDescription accepted(const TreeEditor& tree)
{
    const auto blob = tree.blob();
    auto machine = kernel::describe(blob);
    REQUIRE(machine.has_value());
    const char* const broken = broken_rule(*machine, blob);
    CHECK((broken == nullptr ? "" : broken) == std::string{});
    machine->bootargs = {};  // it would point into the blob, which ends here
    return *machine;
}

Errc refused(const TreeEditor& tree)
{
    const auto machine = kernel::describe(tree.blob());
    return machine ? Errc::ok : machine.error();
}

}  // namespace

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

TEST_CASE("more CPUs than the kernel uses are counted", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    tree.drop("/cpus/cpu@0").drop("/cpus/cpu@1").cells("/cpus", "#address-cells", {2});
    tree.cells("/intc@8000000", "reg", {0, 0x800'0000, 0, 0x1'0000, 0, 0x80a'0000, 0, 0x10'0000});
    for (u32 n = 10; n > 0; --n) {
        const auto path = "/cpus/cpu@" + std::to_string(n);
        tree.text(path, "device_type", "cpu").cells(path, "reg", {1, n});
    }
    const auto machine = accepted(tree);
    CHECK(machine.cpus_present == 10);
    REQUIRE(machine.cpus.count == 8);
    CHECK(machine.cpus.storage[7].mpidr == 0x1'0000'0008);
    CHECK_FALSE(machine.cpus.storage[7].psci);
}

TEST_CASE("a CPU that cannot be is refused", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    SECTION("without a number") { tree.drop("/cpus/cpu@1", "reg"); }
    SECTION("with a size") { tree.cells("/cpus", "#size-cells", {1}); }
    SECTION("with a number of three cells") { tree.cells("/cpus/cpu@1", "reg", {0, 0, 1}); }
    CHECK(refused(tree) == Errc::malformed);
}

TEST_CASE("PSCI is called by hvc or smc", "[microkernel][device_tree]")
{
    auto tree = small_machine();
    tree.text("/psci", "compatible", "arm,psci-1.0").text("/psci", "method", "smc");
    CHECK(accepted(tree).psci == PsciConduit::smc);
    tree.text("/psci", "method", "svc");
    CHECK(refused(tree) == Errc::malformed);
    tree.drop("/psci", "method");
    CHECK(refused(tree) == Errc::malformed);
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
