// tests/rejects/phys_as_device.cpp - a device must not be told an address of the memory controller.
#include <base/types.hpp>

void start_transfer(DeviceAddr where);

void read_into(PhysAddr frame) { start_transfer(frame); }
