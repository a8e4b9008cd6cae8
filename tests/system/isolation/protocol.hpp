// protocol.hpp - what the judge asks the other programs of this test: a method for each question.
#pragma once

#include <base/wire.hpp>

namespace isolation {

// To the intruder: try everything. Each success is a line of output, too.
struct Attack {
    static constexpr u16 ordinal = 1;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {
        u32 mapped;     // 1: its page could be mapped
        u32 attempts;   // that were refused, as they have to be
        u32 successes;  // that should have been refused
        u32 reserved;
    };
};

// To the intruder: touch the page behind its own. It does not survive that.
struct Trespass {
    static constexpr u16 ordinal = 2;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {};
};

// To a witness: has the STATUS register of your device changed since you set it?
struct Look {
    static constexpr u16 ordinal = 3;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {
        u32 set;   // what it wrote there
        u32 read;  // what is there now
    };
};

// To a witness: change it yourself. The judge must see that, or it sees nothing.
struct Scribble {
    static constexpr u16 ordinal = 4;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {};
};

}  // namespace isolation
