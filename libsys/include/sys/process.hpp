// sys/process.hpp - processes: made, given handles, watched, killed; and the end of our own.
#pragma once

#include <cstring>

#include <abi/info.hpp>
#include <sys/handle.hpp>

namespace sys {

// An empty process. What it may own comes out of the payer's quota.
inline Result<Handle<Process>> create_process(Borrowed<Process> payer,
                                              const abi::ProcessQuota& quota)
{
    std::memcpy(message_page().payload.data(), &quota, sizeof(quota));
    return owned<Process>(fetch(abi::Syscall::process_create, payer.slot));
}

// Gives a process a handle of ours, with no more than `rights`; we keep ours. Gives the slot in its
// table.
inline Result<abi::Slot> grant(Borrowed<Process> process, abi::Slot what, abi::Rights rights)
{
    return fetch(abi::Syscall::process_grant, process.slot, what.raw(), rights.raw)
        .transform([](u64 slot) { return abi::Slot{slot}; });
}

inline Result<> kill(Borrowed<Process> process)
{
    return perform(abi::Syscall::process_kill, process.slot);
}

// Raises `bits` when it is dead and its exit record can be read.
inline Result<>
watch(Borrowed<Process> process, Borrowed<Notification> notification, abi::Bits bits)
{
    return perform(abi::Syscall::process_watch, process.slot, notification.slot.raw(), bits.raw);
}

inline Result<abi::ProcessInfo> info(Borrowed<Process> process)
{
    if (const auto asked = perform(abi::Syscall::process_info, process.slot); !asked)
        return fail(asked.error());
    abi::ProcessInfo copy;
    std::memcpy(&copy, message_page().payload.data(), sizeof(copy));
    return copy;
}

// On CPU `cpu` - 1, or on that of the process for 0.
inline Result<Handle<Thread>> create_thread(Borrowed<Process> process,
                                            VirtAddr entry,
                                            VirtAddr stack_top,
                                            u64 argument,
                                            u64 priority,
                                            u32 cpu = 0)
{
    return owned<Thread>(fetch(abi::Syscall::thread_create, process.slot, entry.raw(),
                               stack_top.raw(), argument, priority, cpu));
}

// Ends the process with all its threads.
[[noreturn]] inline void exit(u64 code)
{
    (void)perform(abi::Syscall::exit, abi::no_slot, code);
    stop();
}

inline Result<abi::SystemInfo> system_info()
{
    if (const auto asked = perform(abi::Syscall::system_info, abi::no_slot); !asked)
        return fail(asked.error());
    abi::SystemInfo copy;
    std::memcpy(&copy, message_page().payload.data(), sizeof(copy));
    return copy;
}

// Prints the verdict of the run and powers off. Only init's own handle may.
inline Result<> system_off(Borrowed<Process> self, u64 status)
{
    return perform(abi::Syscall::system_off, self.slot, status);
}

}  // namespace sys
