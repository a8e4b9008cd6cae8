// libsys/src/thread_block.hpp - what TPIDR_EL0 points at: the thread's message page and its
// thread_local variables.
//
// AArch64's variant 1: a block of 16 bytes, then the TLS segment. The linker writes the distances
// into the code (local-exec), so the segment must follow at the first address that its alignment
// allows.
#pragma once

#include <array>
#include <span>

#include <abi/message.hpp>

namespace sys {

inline constexpr usize thread_local_bytes = 480;  // all thread_local variables of a program

struct alignas(64) ThreadBlock {
    abi::MessagePage* message_page;
    u64 reserved;
    std::array<std::byte, thread_local_bytes> variables;
};

// Fills the block, whose thread_local variables get their first values, and makes it the running
// thread's.
void enter_thread(ThreadBlock& block, abi::MessagePage& page);

}  // namespace sys
