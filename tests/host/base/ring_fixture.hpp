// tests/host/base/ring_fixture.hpp - the memory of one ring, as two programs would share it.
#pragma once

#include <vector>

#include <base/ring.hpp>

struct Entry {
    u64 number;
    u64 twice;
};

struct Shared {
    explicit Shared(usize entries) : storage(entries) {}

    Producer<Entry> producer()
    {
        return Producer<Entry>::over(produced, consumed, storage).value();
    }
    Consumer<Entry> consumer()
    {
        return Consumer<Entry>::over(consumed, produced, storage).value();
    }

    RingSide produced{};
    RingSide consumed{};
    std::vector<Entry> storage;
};

inline Entry entry(u64 n) { return {n, 2 * n}; }
