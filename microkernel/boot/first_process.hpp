// boot/first_process.hpp - init: the only program that the kernel loads, with a handle to
// everything there is.
#pragma once

#include "boot/device_tree.hpp"

namespace kernel {

// Makes init from the boot archive and lets it be ready. Panics if the archive is not one.
void start_first_process(const MachineDescription& machine);

}  // namespace kernel
