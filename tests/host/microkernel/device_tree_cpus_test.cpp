// tests/host/microkernel/device_tree_cpus_test.cpp - CPUs, and how they are switched on.
#include "described.hpp"

#include <catch2/catch.hpp>

using kernel::PsciConduit;

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
