// check/counters.hpp - what exists in the system now: frames, handles and objects of every kind.
// What a test leaves behind is a difference of two of these.
#pragma once

#include <array>

#include <abi/info.hpp>

namespace check {

struct Counters {
    std::array<u64, 11> values{};

    friend bool operator==(const Counters&, const Counters&) = default;
};

Counters counters();

// Once they stand still for some milliseconds: what is about to end has ended.
Counters settled();

// Fails the running case for each counter that differs after some seconds. Not the first that stand
// still: a thread whose CPU the host does not run for a while is not yet gone, and moves no
// counter.
void nothing_left(const Counters& before);

}  // namespace check
