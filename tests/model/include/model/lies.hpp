// model/lies.hpp - what a model device can be told to do wrong, each lie some number of times.
#pragma once

#include <array>
#include <optional>

#include <base/types.hpp>

namespace model {

enum class Lie : u8 {
    // registers
    magic,                   // MagicValue reads the value
    version,                 // Version reads the value
    device_id,               // DeviceID reads the value
    reset_never_ends,        // Status stays what it was after 0 was written
    features_ok_refused,     // FEATURES_OK does not stick
    version_1_missing,       // bit 32 is not offered
    features_change,         // DeviceFeatures reads differently, inverted by the value
    queue_max,               // QueueNumMax reads the value
    queue_in_use,            // QueueReady and QueuePFN read 1 before anybody set them
    queue_refused,           // QueueReady and QueuePFN forget what was written
    generation_never_rests,  // ConfigGeneration reads differently each time
    config_never_rests,      // each config read finds the first byte changed
    interrupt_bits,          // InterruptStatus has these bits set in addition
    needs_reset_at_start,    // DRIVER_OK is answered by NEEDS_RESET
    // used ring
    id_out_of_range,    // an id of the queue's size + the value
    id_not_head,        // the second descriptor of the chain
    id_not_given,       // a descriptor that the device was never given as a head
    used_twice,         // the chain, and then the chain again
    length_over_total,  // one byte more than the whole chain has
    length_huge,        // 2^32 - 1
    length_of_total,    // counts what the device could only read as well
    length_short,       // the value instead
    index_jumps,        // idx moves further by the value
    index_goes_back,    // idx moves back by one
    scribbles,          // overwrites descriptor table and available ring after reading them
    // block
    status_byte,      // the value instead of the status
    status_missing,   // the status byte is not written
    answers_nothing,  // keeps every request for ever
    // entropy
    no_bytes,  // returns the buffer empty
};
inline constexpr usize lie_count = static_cast<usize>(Lie::no_bytes) + 1;

class Lies {
public:
    static constexpr u64 for_ever = ~u64{0};

    void arm(Lie lie, u64 value = 0, u64 times = for_ever) { at(lie) = {value, times}; }
    void disarm(Lie lie) { at(lie) = {}; }

    // Its value, if the lie is to be told now; uses one time up.
    std::optional<u64> tell(Lie lie)
    {
        auto& armed = at(lie);
        if (armed.times == 0)
            return std::nullopt;
        if (armed.times != for_ever)
            --armed.times;
        return armed.value;
    }

private:
    struct Armed {
        u64 value = 0;
        u64 times = 0;
    };

    Armed& at(Lie lie) { return armed_[static_cast<usize>(lie)]; }

    std::array<Armed, lie_count> armed_{};
};

}  // namespace model
