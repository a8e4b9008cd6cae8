// tests/host/libsys/echo.hpp - a small protocol with everything that a protocol can have, and a
// server for it.
#pragma once

#include <vector>

#include <sys/serve.hpp>

namespace echo {

struct Add {
    static constexpr u16 ordinal = 1;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        u64 a;
        u64 b;
    };
    struct Reply {
        u64 sum;
    };
};

// Longer than the registers hold, both ways.
struct Reverse {
    static constexpr u16 ordinal = 2;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        std::array<u8, 100> bytes;
    };
    struct Reply {
        std::array<u8, 100> bytes;
        std::array<u8, 412> more;
    };
};

// Takes a memory object, gives an endpoint. A size of zero is refused after both.
struct Attach {
    static constexpr u16 ordinal = 3;
    static constexpr auto kind = MethodKind::state;
    struct Request {
        u64 size;
    };
    struct Reply {
        u64 badge;
    };
};

struct Nothing {
    static constexpr u16 ordinal = 9;
    static constexpr auto kind = MethodKind::state;
    struct Request {};
    struct Reply {};
};

using Protocol = Methods<Add, Reverse, Attach, Nothing>;

struct Server {
    Result<Add::Reply> on(const Add::Request& request, sys::Caller&)
    {
        if (request.a == 13)
            return fail(Errc::busy);
        return Add::Reply{request.a + request.b};
    }

    Result<Reverse::Reply> on(const Reverse::Request& request, sys::Caller&)
    {
        Reverse::Reply reply{};
        for (usize i = 0; i < request.bytes.size(); ++i)
            reply.bytes[i] = request.bytes[request.bytes.size() - 1 - i];
        reply.more.back() = 0x5a;
        return reply;
    }

    Result<Attach::Reply> on(const Attach::Request& request, sys::Caller& caller)
    {
        auto memory = caller.take<sys::Memory>(0);
        if (!memory)
            return fail(memory.error());
        auto endpoint = sys::create_endpoint();
        if (!endpoint)
            return fail(endpoint.error());
        if (const auto given = caller.give(std::move(*endpoint)); !given)
            return fail(given.error());
        if (request.size == 0)
            return fail(Errc::bad_argument);
        kept.push_back(std::move(*memory));
        return Attach::Reply{caller.badge()};
    }

    Result<Nothing::Reply> on(const Nothing::Request&, sys::Caller&)
    {
        ++nothings;
        return Nothing::Reply{};
    }

    std::vector<sys::Handle<sys::Memory>> kept;
    int nothings = 0;
};

}  // namespace echo
