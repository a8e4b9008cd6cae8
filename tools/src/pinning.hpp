// pinning.hpp - which virtio-mmio slot each device gets. Eight slots share a page of registers, and
// a server maps its device only if the page holds no other owner's: the busiest devices get pages
// of their own.
#pragma once

#include "system_model.hpp"

namespace vireo {

inline constexpr u32 slots_per_page = 8;

// Slots that the file asks for stay. The others go, disks first, then network, random, input, to
// the emptiest page: 0, 8, 16, 24, 1, 9, 17, 25, 2 and so on. There are enough slots for
// max_devices.
void pin_devices(System& system);

}  // namespace vireo
