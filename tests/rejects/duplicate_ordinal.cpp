// tests/rejects/duplicate_ordinal.cpp - two methods of a protocol with the same ordinal.
#include <base/wire.hpp>

template <u16 Ordinal>
struct Ping {
    static constexpr u16 ordinal = Ordinal;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {};
};

struct Pong : Ping<7> {};

constexpr Methods<Ping<7>, Pong> protocol;
