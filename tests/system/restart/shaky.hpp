// shaky.hpp - a server that does what kills servers, when it is asked to.
#pragma once

#include <base/wire.hpp>

namespace shaky {

// Which instance answers.
struct Which {
    static constexpr u16 ordinal = 1;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {
        u32 epoch;
        u32 reserved;
    };
};

enum class Way : u32 { exit = 1, fault = 2, spin = 3 };

// Ends so, without an answer.
struct End {
    static constexpr u16 ordinal = 2;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        Way way;
        u32 code;
    };
    struct Reply {};
};

using Protocol = Methods<Which, End>;

}  // namespace shaky
