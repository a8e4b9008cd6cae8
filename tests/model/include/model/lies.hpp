// model/lies.hpp - what a model device can be told to do wrong, each lie some number of times. LDn
// is the class of bad input that it belongs to (README.md).
#pragma once

#include <array>
#include <optional>

#include <base/types.hpp>

namespace model {

enum class Lie : u8 {
    // registers
    magic,                   // LD30: MagicValue reads the value
    version,                 // LD30: Version reads the value
    device_id,               // LD30: DeviceID reads the value
    gone,                    // LD31: all registers read 0xffffffff, and nothing happens any more
    reset_never_ends,        // LD13: Status stays what it was after 0 was written
    reset_late,              // LD13: Status reads 0 only after it was read value times
    features_ok_refused,     // LD14: FEATURES_OK does not stick
    version_1_missing,       // LD16: bit 32 is not offered
    features_change,         // LD16: DeviceFeatures reads differently, inverted by the value
    features_added,          // LD15: offers the value's bits, which have nothing behind them
    queue_max,               // LD17: QueueNumMax reads the value
    queue_in_use,            // QueueReady and QueuePFN read 1 before anybody set them
    queue_refused,           // QueueReady and QueuePFN forget what was written
    generation_never_rests,  // LD18: ConfigGeneration reads differently each time
    config_never_rests,      // LD18: each config read finds the first byte changed
    config_field,            // LD20: the field at offset value >> 32 reads as the low half
    needs_reset_at_start,    // LD12: DRIVER_OK is answered by NEEDS_RESET
    needs_reset,             // LD12: a notification is answered by NEEDS_RESET
    // interrupts
    interrupt_bits,      // LD21: InterruptStatus has these bits set in addition
    interrupt_spurious,  // LD21: a notification raises the line, whatever came of it
    interrupt_storm,     // LD21: the line goes up again when it was acknowledged
    interrupt_missing,   // LD22: a used buffer does not raise the line
    // both layouts of a queue
    id_out_of_range,    // LD1: an id of the queue's size + the value
    id_not_head,        // LD2: split: the second descriptor of the chain; packed: another id
    id_not_given,       // LD2: an id that the device was never given
    used_twice,         // LD2: the chain, and then the chain again
    length_over_total,  // LD3: one byte more than the whole chain has
    length_huge,        // LD3: 2^32 - 1
    length_of_total,    // LD3: counts what the device could only read as well
    length_short,       // LD4: the value instead
    index_jumps,        // LD5: idx moves further by the value; packed: so many elements more
    index_goes_back,    // LD5: idx moves back by one; packed: writes to the slot before
    element_missing,    // LD6: an element is shown that was not written
    scribbles,          // LD7: overwrites descriptors and available ring after reading them
    chain_loops,        // LD8: links the descriptors of the chain to a loop after reading them
    scribbles_table,    // LD9: overwrites the indirect table after reading it
    payload_changes,  // LD11: what was returned changes at the next accesses to registers, value of
                      // them
    event_idx_dead,   // LD15: EVENT_IDX does nothing, in both directions
    write_flag_missing,  // packed: no WRITE flag in used elements; QEMU has none, ever
    answers_nothing,     // LD23: keeps the chain, until Queue::answer_withheld() at the latest
    out_of_order,        // LD24: returns the next chain before this one
    used_after_reset,    // LD24: returns a chain of before the reset after it
    // block
    status_byte,       // LD10: the value instead of the status
    status_missing,    // LD10: the status byte is not written
    capacity_changes,  // LD19: a request finds the capacity changed to the value
    // entropy
    no_bytes,           // LD29: returns the buffer empty
    constant_bytes,     // LD29: nothing but the value
    bytes_not_written,  // LD29: counts bytes that it never wrote
    // net
    frame_short,  // LD25: so many bytes of the frame only
    frame_long,   // LD25: counts value bytes more than the buffer has
    num_buffers,  // LD25: the header's num_buffers is the value
    header_bits,  // LD26: flags (low byte) and gso_type (next byte) that nobody negotiated
    link_flaps,   // LD27: a notification finds the link changed
    ack_byte,     // the value instead of a control command's ack
    // input
    event_unknown,      // LD28: the value (type << 16 | code) instead of an event's
    event_without_syn,  // LD28: leaves SYN_REPORT out
    event_short,        // LD28: counts value bytes, instead of 8
    config_size,        // LD20: size of a config answer reads as the value
    axis_backwards,     // LD20: the minimum of an axis is above its maximum
    // console
    port_beyond,  // a control message names port value
    // gpu
    response_type,   // LD10: the value instead of the response's type
    response_fence,  // another fence than the request's
};
inline constexpr usize lie_count = static_cast<usize>(Lie::response_fence) + 1;

// Something that is done a number of times, after a number of times at which it was not.
struct Occasion {
    static constexpr u64 for_ever = ~u64{0};

    u64 value = 0;
    u64 times = 0;
    u64 after = 0;
    std::optional<u16> queue{};  // on this one only

    // Its value, if it is due now; uses one time up.
    std::optional<u64> now(u16 where)
    {
        if (times == 0 || (queue && *queue != where))
            return std::nullopt;
        if (after != 0) {
            --after;
            return std::nullopt;
        }
        if (times != for_ever)
            --times;
        return value;
    }
};

class Lies {
public:
    static constexpr u64 for_ever = Occasion::for_ever;

    void arm(Lie lie, u64 value = 0, u64 times = for_ever, u64 after = 0)
    {
        at(lie) = {value, times, after};
    }
    // The same, on one queue only.
    void arm_on(u16 queue, Lie lie, u64 value = 0, u64 times = for_ever, u64 after = 0)
    {
        at(lie) = {value, times, after, queue};
    }
    void disarm(Lie lie) { at(lie) = {}; }

    // Its value, if the lie is to be told now; uses one time up.
    std::optional<u64> tell(Lie lie, u16 queue = 0)
    {
        const auto value = at(lie).now(queue);
        told_ += value ? 1 : 0;
        return value;
    }
    u64 told() const { return told_; }  // times, of all lies

private:
    Occasion& at(Lie lie) { return armed_[static_cast<usize>(lie)]; }

    std::array<Occasion, lie_count> armed_{};
    u64 told_ = 0;
};

}  // namespace model
