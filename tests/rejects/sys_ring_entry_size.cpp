// tests/rejects/sys_ring_entry_size.cpp - an entry that cannot be copied in words is no ring entry.
#include <base/ring.hpp>

struct Odd {
    u32 a, b, c;
};

Result<Odd> take(Consumer<Odd>& ring) { return ring.pop(); }
