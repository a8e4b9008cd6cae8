// tests/rejects/padding.cpp - a request whose padding would carry bytes of the sender's stack.
#include <base/wire.hpp>

struct Padded {
    static constexpr u16 ordinal = 1;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        u8 small;
        u64 large;
    };
    struct Reply {};
};

using Protocol = Methods<Padded>;
