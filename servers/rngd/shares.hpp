// rngd/shares.hpp - what each program took since the last seed, while the next one is overdue.
// Pure.
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include <base/types.hpp>

namespace rngd {

class Shares {
public:
    static constexpr usize most = 16;  // programs told apart; what comes then is one with the last

    // After the so many-th seed nobody took anything.
    void begin(u32 seeds)
    {
        if (std::exchange(seeds_, seeds) != seeds)
            all_ = {};
    }
    u64 of(u64 program) const { return all_[index_of(program)].bytes; }
    void add(u64 program, u64 bytes)
    {
        Share& share = all_[index_of(program)];
        share.program = program;
        share.bytes += bytes;
    }

private:
    struct Share {
        u64 program = 0;
        u64 bytes = 0;  // 0: nobody's
    };

    usize index_of(u64 program) const
    {
        const auto mine = std::ranges::find_if(
            all_, [&](const Share& each) { return each.bytes == 0 || each.program == program; });
        return mine != all_.end() ? static_cast<usize>(mine - all_.begin()) : most - 1;
    }

    u32 seeds_ = 0;
    std::array<Share, most> all_{};
};

}  // namespace rngd
