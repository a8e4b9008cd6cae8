// init/crashes.hpp - how servers ended: the last ones, for whoever asks.
#pragma once

#include <array>

#include <proto/names.hpp>

namespace init {

class Crashes {
public:
    void add(const proto::names::Crash::Reply& crash) { kept_[count_++ % kept_.size()] = crash; }

    // The index-th last. Errors: out_of_range.
    Result<proto::names::Crash::Reply> last(u32 index) const
    {
        if (index >= count_ || index >= kept_.size())
            return fail(Errc::out_of_range);
        return kept_[(count_ - 1 - index) % kept_.size()];
    }

private:
    std::array<proto::names::Crash::Reply, 64> kept_{};
    u64 count_ = 0;
};

}  // namespace init
