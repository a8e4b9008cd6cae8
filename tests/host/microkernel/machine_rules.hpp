// tests/host/microkernel/machine_rules.hpp - what must hold for every machine that describe()
// accepts, whatever the blob was. Shared by the tests and the fuzzer.
#pragma once

#include "boot/device_tree.hpp"

#include <span>

// Empty if all rules hold, else the broken one.
const char* broken_rule(const kernel::MachineDescription& machine, std::span<const std::byte> blob);
