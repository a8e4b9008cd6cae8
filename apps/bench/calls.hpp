// bench/calls.hpp - the cheapest system call, and calls between two processes.
#pragma once

#include "echo.hpp"
#include "meter.hpp"

#include <sys/endpoint.hpp>

namespace bench {

inline constexpr u64 rounds = 1000;

inline void null_call()
{
    Region region;
    for (u64 i = 0; i < rounds; ++i)
        asm volatile("mov x8, xzr\n svc #0" ::
                         : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
                           "x12", "x13", "x14", "x15", "x16", "x17", "x18", "memory");
    region.end("sys.null", rounds);
}

inline void call_reply(sys::Borrowed<sys::Endpoint> echo, std::string_view name, u64 bytes)
{
    const sys::Letter letter{abi::Header::make(echo_ordinal, bytes), {1, 2, 3, 4, 5, 6, 7}};
    (void)sys::call(echo, letter);
    Region region;
    for (u64 i = 0; i < rounds; ++i)
        (void)sys::call(echo, letter);
    region.end(name, rounds, rounds * bytes);
}

}  // namespace bench
