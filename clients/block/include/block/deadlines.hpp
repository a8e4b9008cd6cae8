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

    // Forgets those of nobody, so that next() is somebody's. `counts(place)`: the request that is
    // there now is one with a deadline. Gives the earliest one's.
    template <class Counts>
    std::optional<u32> prune(Counts counts)
    {
        std::optional<u32> first;
        next_ = abi::never;
        for (u32 place = 0; place < Places; ++place) {
            if (!is_set(place))
                continue;
            if (!counts(place)) {
                unset(place);
            } else if (!first || at_[place] < next_) {
                next_ = at_[place];
                first = place;
            }
        }
        return first;
    }

    // The place whose deadline passed first, if one did, and which has none any more.
    template <class Counts>
    std::optional<u32> passed(abi::Ticks now, Counts counts)
    {
        const auto first = prune(counts);
        if (!first || now < next_)
            return std::nullopt;
        unset(*first);
        (void)prune(counts);
        return first;
    }

private:
    bool is_set(u32 place) const { return (set_[place / 64] >> place % 64 & 1) != 0; }
    void unset(u32 place) { set_[place / 64] &= ~(u64{1} << place % 64); }

    abi::Ticks next_ = abi::never;
    std::array<u64, (Places + 63) / 64> set_{};
    std::array<abi::Ticks, Places> at_{};
};

}  // namespace block
