// tests/host/blkd/engine_rig.hpp - the engine between clients and a disk that ends requests as the
// test says.
#pragma once

#include "engine_client.hpp"

#include <catch2/catch.hpp>

using block::Op;
using proto::block::Status;

inline constexpr auto interrupt = abi::Bits::at(blkd::interrupt_bit);

struct Rig {
    explicit Rig(u32 slots = FakeDisk::max_slots) : disk{.slot_count = slots} {}

    FakeDisk disk;
    FakeOwner owner;
    TestEngine engine{disk, owner};

    void step(abi::Bits woken) { REQUIRE(engine.step(woken).has_value()); }
    // Until nothing is left to do at once.
    void work(abi::Bits woken)
    {
        step(woken);
        while (engine.hungry())
            step({});
    }
    void end_all()
    {
        while (!disk.at_device.empty() || !disk.ended.empty()) {
            disk.end_all();
            work(interrupt);
        }
    }
};
