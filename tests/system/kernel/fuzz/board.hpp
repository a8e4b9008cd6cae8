// fuzz/board.hpp - the page that the judge shares with all fuzzers of a batch: what they did, and
// the first result in which one of them saw something of the kernel.
#pragma once

#include <array>
#include <atomic>

#include <abi/syscall.hpp>
#include <base/types.hpp>

namespace fuzz {

struct Board {
    std::atomic<u64> calls;
    std::array<std::atomic<u64>, abi::syscall_count> works;  // of them without an error, by number
    std::atomic<u64> leaks;
    std::atomic<u64> leaked;     // the first one
    std::atomic<u64> leaked_by;  // x8 of that call
};

// Where it is in a fuzzer, and where its third thread is to find it: nothing that they draw.
inline constexpr u64 board_address = 0x21'0000'0000;

// The direct map and the image, which is part of it (4 GiB of RAM at 1 GiB).
inline constexpr u64 kernel_first = 0xffff'ff80'4000'0000;
inline constexpr u64 kernel_end = 0xffff'ff81'4000'0000;

// The only addresses of the kernel that the fuzzers draw themselves: they are round.
inline constexpr u64 drawn_first = 0xffff'ff80'4020'0000;
constexpr bool drawn(u64 value)
{
    const u64 offset = value - drawn_first;
    return offset < 16 * page_bytes && (offset % page_bytes == 0 || offset < 128);
}

// No program has any use for such a value, so none must come out of a call.
constexpr bool of_the_kernel(u64 value)
{
    return value >= kernel_first && value < kernel_end && !drawn(value);
}

}  // namespace fuzz
