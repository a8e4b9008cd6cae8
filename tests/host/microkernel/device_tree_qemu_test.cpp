// tests/host/microkernel/device_tree_qemu_test.cpp - the trees of real machines, read a second time
// by libfdt.
#include "boot/device_tree.hpp"
#include "machine_rules.hpp"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include <catch2/catch.hpp>

#include <libfdt.h>

namespace {

std::vector<std::byte> file_bytes(const std::filesystem::path& path)
{
    std::ifstream in{path, std::ios::binary};
    const std::vector<char> text{std::istreambuf_iterator{in}, {}};
    std::vector<std::byte> bytes(text.size());
    std::memcpy(bytes.data(), text.data(), text.size());
    return bytes;
}

// What libfdt says. It believes the tree: for QEMU's own only.
class Oracle {
public:
    explicit Oracle(const std::vector<std::byte>& blob) : tree_{blob.data()}
    {
        REQUIRE(fdt_check_full(tree_, blob.size()) == 0);
    }

    std::vector<int> enabled(const char* property, const std::string& value) const
    {
        std::vector<int> found;
        const int length = static_cast<int>(value.size()) + 1;
        const auto next = [&](int from) {
            return std::strcmp(property, "compatible") == 0
                       ? fdt_node_offset_by_compatible(tree_, from, value.c_str())
                       : fdt_node_offset_by_prop_value(tree_, from, property, value.c_str(),
                                                       length);
        };
        for (int node = next(-1); node >= 0; node = next(node)) {
            const char* const status = text(node, "status");
            if (status == nullptr || std::strcmp(status, "okay") == 0)
                found.push_back(node);
        }
        return found;
    }

    const char* text(int node, const char* property) const
    {
        return static_cast<const char*>(fdt_getprop(tree_, node, property, nullptr));
    }

    std::vector<u32> cells(int node, const char* property) const
    {
        int length = 0;
        const auto* const at =
            static_cast<const fdt32_t*>(fdt_getprop(tree_, node, property, &length));
        std::vector<u32> values;
        for (int i = 0; at != nullptr && i < length / 4; ++i)
            values.push_back(fdt32_ld(at + i));
        return values;
    }

    // QEMU's root has two cells for each.
    std::pair<u64, u64> reg(int node, usize n = 0) const
    {
        const auto all = cells(node, "reg");
        const auto pair = [&](usize i) { return u64{all.at(i)} << 32 | all.at(i + 1); };
        return {pair(4 * n), pair(4 * n + 2)};
    }

    u32 intid(int node, usize n = 0) const
    {
        const auto all = cells(node, "interrupts");
        return all.at(3 * n + 1) + (all.at(3 * n) == 0 ? 32 : 16);
    }

    bool edge(int node) const { return cells(node, "interrupts").at(2) == 1; }
    bool has(int node, const char* property) const
    {
        return fdt_getprop(tree_, node, property, nullptr) != nullptr;
    }
    int path(const char* name) const { return fdt_path_offset(tree_, name); }

private:
    const void* tree_;
};

std::pair<u64, u64> pair_of(kernel::Region region)
{
    return {region.base.raw(), region.size.raw()};
}

void compare_memory(const kernel::MachineDescription& machine, const Oracle& oracle)
{
    const auto nodes = oracle.enabled("device_type", "memory");
    REQUIRE(machine.memory.count == nodes.size());
    for (usize i = 0; i < nodes.size(); ++i)
        CHECK(pair_of(machine.memory.storage[i]) == oracle.reg(nodes[i]));
    CHECK(machine.reserved.count == 0);
}

void compare_cpus(const kernel::MachineDescription& machine, const Oracle& oracle)
{
    const auto nodes = oracle.enabled("device_type", "cpu");
    CHECK(machine.cpus_present == nodes.size());
    REQUIRE(machine.cpus.count == std::min<usize>(nodes.size(), 8));
    for (usize i = 0; i < machine.cpus.count; ++i) {
        CHECK(machine.cpus.storage[i].mpidr == oracle.cells(nodes[i], "reg").back());
        CHECK(machine.cpus.storage[i].psci == (oracle.text(nodes[i], "enable-method") != nullptr));
    }
    const std::string method = oracle.text(oracle.path("/psci"), "method");
    CHECK((machine.psci == kernel::PsciConduit::hvc ? "hvc" : "smc") == method);
}

void compare_gic(const kernel::MachineDescription& machine, const Oracle& oracle)
{
    const auto v3 = oracle.enabled("compatible", "arm,gic-v3");
    const auto v2 = oracle.enabled("compatible", "arm,cortex-a15-gic");
    REQUIRE(v2.size() + v3.size() == 1);
    CHECK(machine.gic.version == (v3.empty() ? 2 : 3));
    const int node = v3.empty() ? v2[0] : v3[0];
    CHECK(pair_of(machine.gic.distributor) == oracle.reg(node));
    const auto& other = v3.empty() ? machine.gic.cpu_interface : machine.gic.redistributor;
    CHECK(pair_of(other) == oracle.reg(node, 1));
    CHECK(machine.virtual_timer_intid == oracle.intid(oracle.path("/timer"), 2));
}

void compare_device(const kernel::DeviceNode& device, const Oracle& oracle, int node)
{
    CHECK(pair_of(device.registers) == oracle.reg(node));
    CHECK(device.interrupt.intid == oracle.intid(node));
    CHECK(device.interrupt.edge == oracle.edge(node));
    CHECK(device.coherent == oracle.has(node, "dma-coherent"));
}

void compare_devices(const kernel::MachineDescription& machine, const Oracle& oracle)
{
    std::map<u64, int> slots;
    for (const int node : oracle.enabled("compatible", "virtio,mmio"))
        slots[oracle.reg(node).first] = node;
    REQUIRE(machine.virtio.count == slots.size());
    usize i = 0;
    for (const auto& [base, node] : slots)
        compare_device(machine.virtio.storage[i++], oracle, node);
    const auto uarts = oracle.enabled("compatible", "arm,pl011");
    REQUIRE(uarts.size() == 1);
    compare_device(machine.uart, oracle, uarts[0]);
}

void compare_chosen(const kernel::MachineDescription& machine, const Oracle& oracle)
{
    const int chosen = oracle.path("/chosen");
    const char* const bootargs = oracle.text(chosen, "bootargs");
    CHECK(machine.bootargs == (bootargs == nullptr ? "" : bootargs));
    const auto start = oracle.cells(chosen, "linux,initrd-start");
    const auto end = oracle.cells(chosen, "linux,initrd-end");
    REQUIRE(machine.initrd.has_value() == !start.empty());
    if (machine.initrd) {
        CHECK(machine.initrd->base.raw() == start.back());
        CHECK(machine.initrd->end() == end.back());
    }
}

std::vector<std::string> trees()
{
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator{QEMU_TREES})
        if (entry.path().extension() == ".dtb")
            names.push_back(entry.path().stem());
    return names;
}

}  // namespace

TEST_CASE("a machine of QEMU is described as libfdt reads it", "[microkernel][device_tree]")
{
    REQUIRE(trees().size() >= 9);
    const auto name = GENERATE(from_range(trees()));
    INFO(name);
    auto blob = file_bytes(std::filesystem::path{QEMU_TREES} / (name + ".dtb"));
    const Oracle oracle{blob};
    const auto machine = kernel::describe(blob);
    REQUIRE(machine.has_value());
    const char* const broken = broken_rule(*machine, blob);
    CHECK((broken == nullptr ? "" : broken) == std::string{});

    compare_memory(*machine, oracle);
    compare_cpus(*machine, oracle);
    compare_gic(*machine, oracle);
    compare_devices(*machine, oracle);
    compare_chosen(*machine, oracle);
}

TEST_CASE("the machine that systems run on is the one the kernel expects",
          "[microkernel][device_tree]")
{
    const auto blob = file_bytes(std::filesystem::path{QEMU_TREES} / "gic3.dtb");
    const auto machine = kernel::describe(blob).value();
    CHECK(pair_of(machine.memory.storage[0]) == std::pair<u64, u64>{0x4000'0000, 0x1000'0000});
    CHECK(machine.initrd.value_or(kernel::Region{}).size == Bytes{7000});
    CHECK(machine.bootargs == "first,second=2");
    CHECK(machine.virtio.count == 32);
    CHECK(machine.virtio.storage[31].registers.base == PhysAddr{0xa00'3e00});
    CHECK(machine.virtio.storage[31].interrupt.intid == 79);
    CHECK(machine.virtual_timer_intid == 27);
}
