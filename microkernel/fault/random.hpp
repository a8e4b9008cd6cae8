// fault/random.hpp - numbers that follow from a seed (splitmix64).
#pragma once

#include <base/types.hpp>

namespace kernel::fault {

class Random {
public:
    constexpr explicit Random(u64 seed) : state_{seed} {}

    constexpr u64 next()
    {
        state_ += 0x9e37'79b9'7f4a'7c15;
        u64 z = state_;
        z = (z ^ z >> 30) * 0xbf58'476d'1ce4'e5b9;
        z = (z ^ z >> 27) * 0x94d0'49bb'1331'11eb;
        return z ^ z >> 31;
    }
    // `limit` is not zero.
    constexpr u64 below(u64 limit) { return next() % limit; }

private:
    u64 state_;
};

}  // namespace kernel::fault
