// object/slabs.hpp - where kernel objects come from. Their number is bounded by the handle quotas
// (each has a handle), by the mapping limit, and for badges that are gone by their server's next
// look.
#pragma once

#include "memory/slab.hpp"
#include "object/device.hpp"
#include "object/endpoint.hpp"
#include "object/memory.hpp"

namespace kernel::slabs {

extern constinit Slab<Process> processes;
extern constinit Slab<Endpoint> endpoints;
extern constinit Slab<Badge> badges;
extern constinit Slab<Notification> notifications;
extern constinit Slab<Memory> memories;
extern constinit Slab<Mapping> mappings;
extern constinit Slab<Pin> pins;
extern constinit Slab<Device> devices;
extern constinit Slab<Interrupt> interrupts;

}  // namespace kernel::slabs
