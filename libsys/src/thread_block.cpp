// libsys/src/thread_block.cpp - TLS of a thread. The linker leaves program headers in the first
// segment, and they alone know where the first values are.
#include "thread_block.hpp"

#include <cstring>

#include <sys/panic.hpp>

namespace sys {

namespace {

// The two ELF structures as far as they are used (System V ABI, 64-bit).
struct FileHeader {
    std::array<u8, 32> identity_to_entry;
    u64 program_offset;
    u64 section_offset;
    u32 flags;
    u16 size;
    u16 program_size;
    u16 program_count;
};

struct ProgramHeader {
    u32 type;
    u32 flags;
    u64 offset;
    u64 address;
    u64 physical;
    u64 file_bytes;
    u64 memory_bytes;
    u64 alignment;
};
static_assert(sizeof(ProgramHeader) == 56);

constexpr u32 type_tls = 7;

}  // namespace

// Of the linker: the ELF header of this program.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): its name.
extern "C" const FileHeader __ehdr_start;

namespace {

std::span<const ProgramHeader> program_headers()
{
    const auto* first =
        reinterpret_cast<const std::byte*>(&__ehdr_start) + __ehdr_start.program_offset;
    return {reinterpret_cast<const ProgramHeader*>(first), __ehdr_start.program_count};
}

}  // namespace

void enter_thread(ThreadBlock& block, abi::MessagePage& page)
{
    block.message_page = &page;
    // First of all: whatever fails below makes a call.
    __builtin_arm_wsr64("tpidr_el0", reinterpret_cast<u64>(&block));
    for (const ProgramHeader& header : program_headers()) {
        if (header.type != type_tls)
            continue;
        const u64 skip = header.alignment > 16 ? header.alignment - 16 : 0;
        check(header.alignment <= alignof(ThreadBlock), "thread_local alignment");
        check(fits(skip, header.memory_bytes, thread_local_bytes),
              "too many thread_local variables");
        std::memcpy(&block.variables[skip], reinterpret_cast<const void*>(header.address),
                    header.file_bytes);
    }
}

}  // namespace sys
