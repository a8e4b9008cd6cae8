// protocol.hpp - what the meter tells the attacker.
#pragma once

#include <base/wire.hpp>

namespace latency {

// Attack in the ways of this row, again and again, until the next call.
struct Begin {
    static constexpr u16 ordinal = 1;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        u32 row;  // of the table in README.md; 0: be quiet
        u32 reserved;
    };
    struct Reply {
        u64 attacks;  // made since the last call
    };
};

}  // namespace latency
