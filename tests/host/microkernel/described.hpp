// tests/host/microkernel/described.hpp - what the kernel makes of an edited tree: a machine that
// obeys all rules, or the reason why it refuses.
#pragma once

#include "boot/device_tree.hpp"
#include "tree_editor.hpp"

namespace kernel {
inline bool operator==(Region a, Region b) { return a.base == b.base && a.size == b.size; }
}  // namespace kernel

// Paths of the two virtio slots that small_machine() has.
inline const std::string slot0 = "/virtio_mmio@a000000";
inline const std::string slot1 = "/virtio_mmio@a000200";

inline kernel::Region region(u64 base, u64 size) { return {PhysAddr{base}, Bytes{size}}; }

// The test fails if it is refused, or breaks a rule. Without boot arguments, which would point into
// the blob.
kernel::MachineDescription accepted(const TreeEditor& tree);
Errc refused(const TreeEditor& tree);
