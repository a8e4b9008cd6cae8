// init/restarts.hpp - when a server that ended is started again, and when not any more. Pure: the
// time is an argument.
#pragma once

#include <array>
#include <optional>

#include <proto/table.hpp>
#include <sys/time.hpp>

namespace init {

namespace table = proto::table;

class Restarts {
public:
    // How long to wait for the start that follows the end at `now`, in milliseconds. Nothing: it
    // ended too often.
    std::optional<u32> ended(const table::Restart& policy, abi::Ticks now)
    {
        const u32 ends = count(policy, now);
        if (policy.give_up_after != 0 && ends >= policy.give_up_after)
            return std::nullopt;
        if (ends <= policy.immediate)
            return 0;
        const u64 wait = u64{policy.back_off_min_ms} << (ends - policy.immediate - 1);
        return static_cast<u32>(std::min<u64>(wait, policy.back_off_max_ms));
    }

    void forgive() { known_ = 0; }

private:
    // Ends that lie within the window, this one included; of more than max_ends the last ones.
    u32 count(const table::Restart& policy, abi::Ticks now)
    {
        ends_[next_++ % ends_.size()] = now;
        known_ = std::min(known_ + 1, table::max_ends);
        u32 recent = 0;
        while (recent < known_
               && now.raw() - ends_[(next_ - 1 - recent) % ends_.size()].raw()
                      <= sys::milliseconds(policy.window_ms).raw())
            ++recent;
        return recent;
    }

    std::array<abi::Ticks, table::max_ends> ends_{};
    u32 next_ = 0;
    u32 known_ = 0;
};
static_assert((table::max_ends & (table::max_ends - 1)) == 0);  // next_ wraps

}  // namespace init
