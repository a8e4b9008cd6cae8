// tests/rejects/sys_missing_method.cpp - a server that forgets a method of its protocol does not
// compile.
#include <sys/serve.hpp>

struct Ping {
    static constexpr u16 ordinal = 1;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {};
};
struct Pong {
    static constexpr u16 ordinal = 2;
    static constexpr auto kind = MethodKind::query;
    struct Request {};
    struct Reply {};
};

struct Server {
    Result<Ping::Reply> on(const Ping::Request&, sys::Caller&) { return Ping::Reply{}; }
};

sys::Answer serve(Server& server, const sys::Incoming& in)
{
    return sys::dispatch(Methods<Ping, Pong>{}, server, in);
}
