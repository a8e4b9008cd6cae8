// tests/rejects/add_addresses.cpp - the sum of two addresses is no address.
#include <base/types.hpp>

PhysAddr sum(PhysAddr a, PhysAddr b) { return a + b; }
