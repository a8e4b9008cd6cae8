// libsys/src/thread.cpp - further threads: their block is carved from the top of their stack.
#include "thread_block.hpp"

#include <memory>

#include <sys/process.hpp>
#include <sys/thread.hpp>

namespace sys {

namespace {

constexpr usize least_stack = 1024;

// At the top of a new thread's stack.
struct Top {
    ThreadBlock block;
    void (*function)(void*);
    void* argument;
};

}  // namespace

extern "C" void sys_thread_entry();
extern "C" [[noreturn]] void sys_start_thread(Top* top, abi::MessagePage* page);

extern "C" void sys_start_thread(Top* top, abi::MessagePage* page)
{
    enter_thread(top->block, *page);
    top->function(top->argument);
    exit_thread();
}

Result<Handle<Thread>> spawn(Borrowed<Process> self,
                             std::span<std::byte> stack,
                             void (*function)(void*),
                             void* argument,
                             u64 priority,
                             u32 cpu)
{
    if (stack.size() < least_stack)
        return fail(Errc::bad_argument);
    const u64 end = reinterpret_cast<u64>(stack.data()) + stack.size();
    const u64 at = align_down(end - sizeof(Top), alignof(Top));
    auto* top = std::construct_at(reinterpret_cast<Top*>(at), Top{{}, function, argument});
    return create_thread(self, VirtAddr{reinterpret_cast<u64>(&sys_thread_entry)}, VirtAddr{at},
                         reinterpret_cast<u64>(top), priority, cpu);
}

}  // namespace sys
