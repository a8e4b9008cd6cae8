// sys/machine.hpp (host tests) - the same seam as the target's: calls go to a kernel that a test
// supplies.
#pragma once

#include <array>
#include <cstdlib>
#include <functional>

#include <abi/message.hpp>

namespace sys {

struct Registers {
    std::array<u64, 8> x;
    u64 x8;
    u64 x9;
    u64 x10;
};

// Answers the calls of the running thread. A test replaces it; without one every call traps.
inline thread_local std::function<void(Registers&)> host_kernel = [](Registers&) { std::abort(); };
inline thread_local abi::MessagePage host_message_page{};
inline thread_local u64 host_counter = 0;

inline u64 ignored() { return 0xdead'0000'0000'dead; }  // a kernel that reads it is wrong
inline void trap(Registers& r) { host_kernel(r); }
inline void trap_short(Registers& r)
{
    for (usize i = 3; i < r.x.size(); ++i)
        r.x[i] = ignored();
    trap(r);
}
inline abi::MessagePage& message_page() { return host_message_page; }
inline u64 counter() { return host_counter; }
inline u64 counter_frequency() { return 62'500'000; }
inline void store_pair(u64* at, u64 first, u64 second) { at[0] = first, at[1] = second; }
[[noreturn]] inline void stop() { std::abort(); }

}  // namespace sys
