// check/actor.hpp - what the actor image does when it is started as a server: one method for each
// way to answer.
#pragma once

#include <abi/message.hpp>

namespace check {

enum class Ask : u16 {
    echo = 1,    // the same payload, of any size
    filled = 2,  // word 0: bytes; word 1: seed: a payload of so many bytes of fill_byte
    kinds = 3,   // words: the kinds of the handles that came; they are closed
    give = 4,    // word 0: how many fresh notifications come with the answer, each raised with its
                 // number
    die = 5,     // exits without an answer; word 0: the code
    fault = 6,   // faults without an answer
    badge = 7,   // word 0: the caller's badge, word 1: gone badges seen, word 2: the last of them
    refuse = 8,  // word 0: the status of the answer, word 1: its payload bytes
    junk = 9,    // word 0: a handle value that is none; answers with the error that the kernel gave
    raise = 10,  // raises bit word 0 of the notification that came, and keeps nothing
    hold = 11,   // answers after so many milliseconds
    taken = 12,  // word 0: the header of the request as the server saw it
};

// What byte `i` of a payload of a seed is.
constexpr u8 fill_byte(u64 seed, u64 i) { return static_cast<u8>(seed * 31 + i * 7 + (i >> 8)); }

}  // namespace check
