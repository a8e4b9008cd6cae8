// fault/board.hpp - a page that a victim and the test both have mapped.
#pragma once

#include <array>

#include <base/types.hpp>

// Addresses of the instructions in sequence.S.
enum class Label : u8 { begin, add, store, branch, exclusive, past_exclusive, end };
inline constexpr usize label_count = 7;

struct Board {
    std::array<u64, label_count> labels;
    u64 value;      // what the sequence stored
    u64 counter;    // what it incremented by an exclusive
    u64 rounds;     // of the victim's work that are done
    u64 requests;   // messages received, interrupts heard
    u64 orphans;    // replies that nobody waited for, waits for an interrupt that ended by deadline
    u64 last_word;  // of the last request
    u64 wild;       // a device address that is not the driver's
    u64 mapped;     // 1: the driver has its registers mapped
};
static_assert(sizeof(Board) == 15 * 8);
