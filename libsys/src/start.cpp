// libsys/src/start.cpp - from the first instruction to the program: the thread's block, then
// program_main.
#include "thread_block.hpp"

#include <sys/panic.hpp>
#include <sys/process.hpp>
#include <sys/startup.hpp>

extern "C" [[noreturn]] void sys_start_process(const void* argument, abi::MessagePage* page);

// Of the linker: functions that would have to run before the program does.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): its names.
extern "C" void (*const __init_array_start[])();
extern "C" void (*const __init_array_end[])();
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

namespace {

constinit sys::ThreadBlock first_thread{};

// Two symbols of the linker may have one address; the compiler must not conclude that they have
// not.
uptr address_of(void (*const* symbol)())
{
    asm("" : "+r"(symbol));
    return reinterpret_cast<uptr>(symbol);
}

}  // namespace

extern "C" void sys_start_process(const void* argument, abi::MessagePage* page)
{
    sys::enter_thread(first_thread, *page);
    sys::check(address_of(__init_array_start) == address_of(__init_array_end),
               "a program has no dynamic initialisers");
    sys::exit(static_cast<u64>(program_main(argument)));
}
