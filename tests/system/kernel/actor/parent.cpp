// actor/parent.cpp - processes that make threads and processes of their own.
#include "behaviour.hpp"

#include <cstring>

#include <sys/memory.hpp>
#include <sys/notification.hpp>
#include <sys/process.hpp>
#include <sys/thread.hpp>
#include <sys/time.hpp>

namespace actor {

namespace {

using sys::Borrowed;

constinit std::array<std::array<std::byte, 4096>, 8> stacks{};

Result<Borrowed<sys::Process>> own(const sys::Startup& given)
{
    return given.grant<sys::Process>("self");
}

abi::ProcessQuota quota(std::string_view name, u32 frames, u32 handles, u32 threads)
{
    return {frames, handles, threads, 0, text::padded<16>(name), 0, 0};
}

void spin_thread(void*)
{
    for (;;)
        asm volatile("" ::: "memory");
}
void end_thread(void*) {}
void sleep_thread(void*)
{
    const auto nobody = sys::create_notification();
    (void)sys::wait(nobody->borrow());
}

// On all CPUs by turns.
u32 cpu_of(u64 thread) { return static_cast<u32>(thread % sys::system_info()->cpus + 1); }

// So many threads that sleep, beside this one, which sleeps too.
u64 sleeping_threads(const sys::Startup& given)
{
    const auto self = own(given);
    if (!self)
        return not_granted;
    for (u64 i = 0; i < number(given, 1) && i < stacks.size(); ++i)
        if (const auto made = sys::spawn(*self, stacks[i], sleep_thread, nullptr, 0, cpu_of(i));
            !made)
            return static_cast<u64>(made.error());
    sleep_thread(nullptr);
    return went_on;
}

// The first thread leaves; the process ends with the last one, and with code 0.
u64 first_thread_leaves(const sys::Startup& given)
{
    const auto self = own(given);
    if (!self)
        return not_granted;
    if (!sys::spawn(*self, stacks[0], end_thread, nullptr, 0))
        return call_failed;
    sys::exit_thread();
}

// The only thread leaves while a child, whose quota counts a thread, exists.
u64 only_thread_leaves(const sys::Startup& given)
{
    const auto self = own(given);
    if (!self)
        return not_granted;
    const auto child = sys::create_process(*self, quota("child", 8, 0, 1));
    if (!child)
        return call_failed;
    sys::exit_thread();
}

// One thread after the other, so many; gives the frames that they cost for good.
u64 many_threads(const sys::Startup& given)
{
    const auto self = own(given);
    if (!self)
        return not_granted;
    u32 before = 0;
    for (u64 i = 0; i < number(given, 1); ++i) {
        if (i == 1)
            before = sys::info(*self)->frames_used;
        if (!sys::spawn(*self, stacks[0], end_thread, nullptr, 0))
            return call_failed;
        while (sys::info(*self)->threads_used > 1)
            if (const auto nobody = sys::create_notification())
                (void)sys::wait(nobody->borrow(), sys::after(sys::microseconds(50)));
    }
    return sys::info(*self)->frames_used - before;
}

// Makes processes in processes, until it is refused; gives how deep it came. Argument 1: how deep
// it is.
u64 deep(const sys::Startup& given)
{
    const auto self = own(given);
    if (!self)
        return not_granted;
    std::array<sys::Handle<sys::Process>, 16> chain;
    Borrowed<sys::Process> payer = *self;
    for (u32 depth = 0; depth < chain.size(); ++depth) {
        auto made = sys::create_process(payer, quota("deep", 64 - 4 * depth, 0, 0));
        if (!made)
            return made.error() == Errc::over_quota ? depth : call_failed;
        chain[depth] = std::move(*made);
        payer = chain[depth].borrow();
    }
    return went_on;
}

u64 kill_self(const sys::Startup& given)
{
    const auto self = own(given);
    if (!self)
        return not_granted;
    (void)sys::kill(*self);
    return went_on;
}

// A process that never ran, with memory mapped and handles granted, is forgotten without a kill.
u64 forget_fresh(const sys::Startup& given)
{
    const auto self = own(given);
    if (!self)
        return not_granted;
    const auto child = sys::create_process(*self, quota("fresh", 16, 8, 0));
    const auto memory = sys::create_memory(Bytes{page_bytes});
    if (!child || !memory)
        return call_failed;
    if (!sys::map_into(child->borrow(), memory->borrow(), Bytes{page_bytes}, sys::read_only,
                       VirtAddr{0x10000}))
        return call_failed;
    return sys::grant(child->borrow(), memory->slot(), abi::right::read) ? 0 : call_failed;
}

u64 forget_itself(const sys::Startup& given)
{
    const auto self = own(given);
    if (!self)
        return not_granted;
    const auto child = sys::create_process(*self, quota("fresh", 16, 8, 0));
    return child && sys::grant(child->borrow(), child->slot(), abi::right::read) ? 0 : call_failed;
}

// Leaves a child behind that spins, and no handle to it.
u64 orphan(const sys::Startup& given)
{
    constexpr u32 branch_to_itself = 0x14000000;
    constexpr VirtAddr entry{0x10000};
    const auto self = own(given);
    if (!self)
        return not_granted;
    const auto child = sys::create_process(*self, quota("orphan", 24, 8, 1));
    const auto code = sys::SharedMemory::create(Bytes{page_bytes});
    if (!child || !code)
        return call_failed;
    std::memcpy(code->mapping.bytes().data(), &branch_to_itself, sizeof(branch_to_itself));
    if (!sys::map_into(child->borrow(), code->handle.borrow(), Bytes{page_bytes},
                       abi::right::read | abi::right::execute, entry))
        return call_failed;
    return sys::create_thread(child->borrow(), entry, VirtAddr{0}, 0, 0) ? 0 : call_failed;
}

u64 spinning_threads(const sys::Startup& given)
{
    const auto self = own(given);
    if (!self)
        return not_granted;
    for (u64 i = 0; i < number(given, 1) && i < stacks.size(); ++i)
        if (!sys::spawn(*self, stacks[i], spin_thread, nullptr, 0, cpu_of(i)))
            return call_failed;
    spin_thread(nullptr);
    return went_on;
}

// Threads on all CPUs, all but the last of which spin; that one ends the process.
u64 end_elsewhere(const sys::Startup& given)
{
    const auto self = own(given);
    if (!self)
        return not_granted;
    const auto end = +[](void*) { sys::exit(33); };
    for (u64 i = 0; i < 7; ++i)
        if (!sys::spawn(*self, stacks[i], i < 6 ? spin_thread : end, nullptr, i < 6 ? 0 : 30,
                        cpu_of(i)))
            return call_failed;
    spin_thread(nullptr);
    return went_on;
}

constexpr std::array list{
    Behaviour{"sleeping_threads", sleeping_threads},
    Behaviour{"spinning_threads", spinning_threads},
    Behaviour{"end_elsewhere", end_elsewhere},
    Behaviour{"first_thread_leaves", first_thread_leaves},
    Behaviour{"only_thread_leaves", only_thread_leaves},
    Behaviour{"many_threads", many_threads},
    Behaviour{"deep", deep},
    Behaviour{"kill_self", kill_self},
    Behaviour{"forget_fresh", forget_fresh},
    Behaviour{"forget_itself", forget_itself},
    Behaviour{"orphan", orphan},
};

}  // namespace

const std::span<const Behaviour> parents{list};

}  // namespace actor
