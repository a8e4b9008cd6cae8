// tests/rejects/zero_ordinal.cpp - a method with the ordinal that no method may have.
#include <base/wire.hpp>

template <u16 Ordinal>
struct Ping {
    static constexpr u16 ordinal = Ordinal;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {};
};

struct Pong : Ping<7> {};

constexpr Methods<Ping<0>, Pong> protocol;
