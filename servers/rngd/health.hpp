// rngd/health.hpp - does the entropy device still look random? The two continuous tests of NIST SP
// 800-90B, 4.4.
//
// Both assume 4 bits of entropy in a byte (half of what a good device gives) and raise a false
// alarm once in 2^30 samples. They notice a stuck or heavily biased source, not a clever one.
#pragma once

#include <span>

#include <base/types.hpp>

namespace rngd {

class HealthTest {
public:
    static constexpr u32 repetition_cutoff = 9;  // 1 + ceil(30 / 4)
    static constexpr u32 window = 512;           // samples
    static constexpr u32 proportion_cutoff =
        71;  // binomial(512, 1/16): reached with probability below 2^-30

    // All of `bytes` passed. State runs on from call to call; a failure is forgotten after it was
    // reported.
    constexpr bool accept(std::span<const u8> bytes)
    {
        for (const u8 sample : bytes) {
            if (!repetition(sample) || !proportion(sample)) {
                *this = {};
                return false;
            }
        }
        return true;
    }

private:
    // The same value so many times in a row.
    constexpr bool repetition(u8 sample)
    {
        repeats_ = repeats_ != 0 && sample == previous_ ? repeats_ + 1 : 1;
        previous_ = sample;
        return repeats_ < repetition_cutoff;
    }

    // The first value of a window so often in it.
    constexpr bool proportion(u8 sample)
    {
        if (seen_ == 0) {
            reference_ = sample;
            occurrences_ = 0;
        }
        occurrences_ += sample == reference_ ? 1 : 0;
        seen_ = seen_ + 1 == window ? 0 : seen_ + 1;
        return occurrences_ < proportion_cutoff;
    }

    u8 previous_ = 0;
    u8 reference_ = 0;
    u32 repeats_ = 0;
    u32 seen_ = 0;
    u32 occurrences_ = 0;
};

}  // namespace rngd
