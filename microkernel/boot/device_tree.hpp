// boot/device_tree.hpp - what the kernel wants to know of the machine, taken from its device tree.
//
// A tree that breaks its format or says what cannot be gives `malformed`; a part that the kernel
// cannot do without and that is not there, `not_found`; more ranges or devices than there is room
// for, `no_space`; a device on another interrupt controller than the GIC, `not_supported`. Nodes
// that are not enabled are skipped, and so are devices behind a bus that translates addresses.
#pragma once

#include "boot/tree.hpp"

#include <optional>

namespace kernel {

struct CpuNode {
    u64 mpidr = 0;      // affinity fields
    bool psci = false;  // can be started by PSCI; QEMU does not say so of a lone CPU
};

enum class PsciConduit : u8 { none, hvc, smc };

struct GicNode {
    u32 version = 0;  // 2 or 3
    Region distributor;
    Region redistributor;  // version 3: room for all of `cpus`
    Region cpu_interface;  // version 2: with the page of GICC_DIR
};

struct DeviceNode {
    Region registers;
    InterruptLine interrupt;
    bool coherent = false;
};

constexpr Region region_of(const DeviceNode& device) { return device.registers; }

struct MachineDescription {
    UpTo<Region, 4> memory;        // by rising address, never overlapping; perhaps not page-aligned
    UpTo<Region, 8> reserved;      // parts of it that nobody may use
    std::optional<Region> initrd;  // inside one range of memory
    std::string_view bootargs;     // in the blob
    UpTo<CpuNode, 8> cpus;         // the first ones, as the tree lists them
    u32 cpus_present = 0;          // all of them
    PsciConduit psci = PsciConduit::none;
    GicNode gic;
    u32 virtual_timer_intid = 0;
    DeviceNode uart;  // the PL011 of the lowest address
    // By rising address. No page of theirs holds memory, the GIC or the PL011; they share pages
    // with each other.
    UpTo<DeviceNode, 64> virtio;
};

// Reads nothing outside the blob, which may be longer than the tree.
Result<MachineDescription> describe(std::span<const std::byte> blob);

}  // namespace kernel
