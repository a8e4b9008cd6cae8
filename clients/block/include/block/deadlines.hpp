// block/deadlines.hpp - which places of a table of requests have a deadline, and the earliest.
// Pure.
//
// A request that ends does not say so here: its place is found out when its deadline has passed. So
// who has none pays nothing, and next() may name a deadline of nobody.
#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include <abi/object.hpp>

namespace block {

template <u32 Places>
class Deadlines {
public:
    void clear() { *this = {}; }

    void set(u32 place, abi::Ticks at)
    {
        at_[place] = at;
        set_[place / 64] |= u64{1} << place % 64;
        next_ = std::min(next_, at);
    }

    // No deadline passes before.
    abi::Ticks next() const { return next_; }

    // A place whose deadline has passed, and which has none any more. `counts(place)`: the request
    // that is there now is one with a deadline.
    template <class Counts>
    std::optional<u32> passed(abi::Ticks now, Counts counts)
    {
        std::optional<u32> found;
        next_ = abi::never;
        for (u32 place = 0; place < Places; ++place) {
            u64& word = set_[place / 64];
            const u64 bit = u64{1} << place % 64;
            if ((word & bit) == 0)
                continue;
            const bool due = !found && at_[place] <= now;
            if (!counts(place)) {
                word &= ~bit;
            } else if (due) {
                word &= ~bit;
                found = place;
            } else {
                next_ = std::min(next_, at_[place]);
            }
        }
        return found;
    }

private:
    abi::Ticks next_ = abi::never;
    std::array<u64, (Places + 63) / 64> set_{};
    std::array<abi::Ticks, Places> at_{};
};

}  // namespace block
