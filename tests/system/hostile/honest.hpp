// honest.hpp - what the honest client tells the reaper: how much it verified, and what was wrong.
#pragma once

#include <base/wire.hpp>

namespace honest {

struct Report {
    static constexpr u16 ordinal = 1;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {
        u64 verified;  // pieces of data written, read back and compared
        u64 wrong;     // that came back changed
        u64 errors;    // calls that failed
        u64 last_error;
    };
};

// The disk's sectors below this one are the honest client's; nobody else writes there.
inline constexpr u64 own_sectors = 8192;

}  // namespace honest
