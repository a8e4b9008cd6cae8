// flood.hpp - what is said between the flooder, the servers that hang, and the neighbour.
#pragma once

#include <base/wire.hpp>

namespace flood {

// Comes with a notification. The server answers, and receives nothing more: it waits for the
// notification, and then ends.
struct Hang {
    static constexpr u16 ordinal = 1;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {};
};

// The neighbour connects to `alive` and calls it, and connects to `hung`. Errors: those of that.
struct Work {
    static constexpr u16 ordinal = 1;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {};
};

}  // namespace flood
