// tests/rejects/number_as_address.cpp - a bare number says not which kind of address it is.
#include <base/types.hpp>

void map(VirtAddr where);

void map_somewhere() { map(0x1000); }
