// peer/control.hpp - what a program in the guest and the peer at the other end of its network say
// to each other: frames of two types. Data only; both sides include it.
//
// A data frame is for the peer's present mode: echo (it comes back with its addresses exchanged) or
// sink (it is counted). A control frame is a Command, answered by a Report to whom it came from.
#pragma once

#include <array>

#include <base/wire.hpp>

namespace peer {

inline constexpr u16 data_type = 0x88b5;  // both are for local experiments (IEEE 802)
inline constexpr u16 control_type = 0x88b6;
inline constexpr usize header_bytes = 14;
inline constexpr u32 magic = 0x5256'4550;

enum class Op : u32 {
    report = 1,  // what it counted so far
    echo = 2,    // the mode
    sink = 3,    // and whether numbered ones come in their order, from 0
    flood = 4,   // `count` data frames of `bytes`, numbered from 0; to everybody if `flag` is set
    malformed = 5,  // `count` times each of many frames that are none, or too long
};

// Behind the Ethernet header; the frame is padded.
struct Command {
    u32 magic;
    Op op;
    u32 count;
    u32 bytes;
    u32 flag;
    u32 delay_us;  // of host time, before a flood: time to go to sleep
};

// Of all frames, also those of control, this one's own command included and itself not.
struct Report {
    u32 magic;
    Op op;
    u64 frames_in;
    u64 bytes_in;
    u64 frames_out;
    u64 bytes_out;
    u64 misplaced;  // data frames since the last sink whose number is not the next one
};

// Behind the Ethernet header of a data frame of a flood.
struct Numbered {
    u32 number;
    u32 bytes;  // of the frame
};
static_assert(Wire<Command> && Wire<Report> && Wire<Numbered>);

// The byte at `at` of data frame `number`, behind Numbered.
constexpr u8 pattern(u32 number, u64 at)
{
    return static_cast<u8>(at * 7 + number * 13 + (at >> 8));
}

}  // namespace peer
