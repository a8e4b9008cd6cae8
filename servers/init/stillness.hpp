// init/stillness.hpp - whether a server hangs: it is at work, and does not come back from what it
// does. Pure: times and what was seen are arguments.
//
// Looks are 20 ms apart. A look that comes late says that the machine stood still, or the CPU that
// both run on was somebody else's: then nothing that was seen before counts.
#pragma once

#include <sys/time.hpp>

namespace init {

enum class Verdict : u8 { unknown, goes_on, hangs };

class Stillness {
public:
    static constexpr u64 interval_ms = 20;
    static constexpr u64 late_ms = 5;
    static constexpr u32 looks = 5;         // in time, after the first, all of them the same
    static constexpr u32 most_looks = 500;  // then somebody else may ask again

    // The next look.
    abi::Ticks due() const { return due_; }

    // What it looks like at `now`: the server's last turn (abi::Progress), and whether it is at
    // work.
    Verdict look(abi::Ticks now, u64 turn, bool works)
    {
        const bool in_time = all_ != 0 && now <= sys::later(due_, sys::milliseconds(late_ms));
        due_ = sys::later(now, sys::milliseconds(interval_ms));
        if (!works || (all_ != 0 && turn != turn_) || ++all_ == most_looks)
            return Verdict::goes_on;
        turn_ = turn;
        same_ = in_time ? same_ + 1 : 0;
        return same_ == looks ? Verdict::hangs : Verdict::unknown;
    }

private:
    abi::Ticks due_ = abi::now;
    u64 turn_ = 0;
    u32 same_ = 0;
    u32 all_ = 0;
};

}  // namespace init
