// syscall/calls.hpp - one function per system call. Each decodes and checks first and may fail;
// what runs after the checks may not. A failure is put in x0 by the dispatcher; success has filled
// the registers, or has blocked.
#pragma once

#include "object/process.hpp"
#include "object/slabs.hpp"
#include "sched/cpu.hpp"

namespace kernel {

inline constexpr IntId virtual_timer{27};

// ipc.cpp
Result<> sys_call(Thread& caller);
Result<> sys_reply_recv(Thread& caller);
Result<> sys_recv(Thread& caller);
Result<> sys_signal_recv(Thread& caller);
Result<> sys_reply(Thread& caller);

// notification.cpp
Result<> sys_signal(Thread& caller);
Result<> sys_wait(Thread& caller);
Result<> sys_signal_wait(Thread& caller);
Result<> sys_irq_wait(Thread& caller);
Result<> sys_irq_register(Thread& caller);
Result<> sys_notification_create(Thread& caller);
Result<> sys_notification_bind(Thread& caller);

// handles.cpp
Result<> sys_close(Thread& caller);
Result<> sys_duplicate(Thread& caller);
Result<> sys_handle_info(Thread& caller);

// endpoint.cpp
Result<> sys_endpoint_create(Thread& caller);
Result<> sys_endpoint_mint(Thread& caller);
Result<> sys_endpoint_watch(Thread& caller);
Result<> sys_endpoint_give_up(Thread& caller);
Result<> sys_endpoint_info(Thread& caller);

// memory.cpp
Result<> sys_memory_create(Thread& caller);
Result<> sys_memory_map(Thread& caller);
Result<> sys_memory_unmap(Thread& caller);
Result<> sys_memory_info(Thread& caller);

// process.cpp
Result<> sys_process_create(Thread& caller);
Result<> sys_process_grant(Thread& caller);
Result<> sys_process_kill(Thread& caller);
Result<> sys_process_watch(Thread& caller);
Result<> sys_process_info(Thread& caller);
Result<> sys_thread_create(Thread& caller);
Result<> sys_thread_exit(Thread& caller);
Result<> sys_thread_move(Thread& caller);
Result<> sys_exit(Thread& caller);

// device.cpp
Result<> sys_device_info(Thread& caller);
Result<> sys_device_lend(Thread& caller);
Result<> sys_device_interrupt(Thread& caller);
Result<> sys_map_device(Thread& caller);
Result<> sys_device_io(Thread& caller);
Result<> sys_dma_alloc(Thread& caller);
Result<> sys_virt_to_phys(Thread& caller);
Result<> sys_dma_pin(Thread& caller);
Result<> sys_dma_runs(Thread& caller);
Result<> sys_device_quiesced(Thread& caller);

// system.cpp
Result<> sys_log(Thread& caller);
Result<> sys_system_info(Thread& caller);
Result<> sys_system_off(Thread& caller);

// Helpers that several of them use.

inline HandleTable& handles(Thread& caller) { return caller.process().handles(); }

// A copy of what a program can change at any time, while it is read too: nothing is decided by the
// original, and the compiler may not look at it again.
template <class T>
T copy_once(const T& theirs)
{
    T copy;
    std::memcpy(&copy, &theirs, sizeof(copy));
    asm volatile("" ::: "memory");
    return copy;
}

// What the caller wrote at the start of its message page.
template <class T>
T from_message(const Thread& caller)
{
    static_assert(sizeof(T) <= abi::message_bytes);
    return copy_once(*reinterpret_cast<const T*>(caller.message().payload.data()));
}

// Writes `what` to the message page of the caller.
template <class T>
void to_message(Thread& caller, const T& what)
{
    static_assert(sizeof(T) <= abi::message_bytes);
    std::memcpy(caller.message().payload.data(), &what, sizeof(what));
}

// What a call signals beside what it is about.
struct Bell {
    Notification* notification;
    abi::Bits bits;

    // Errors: bad_handle, wrong_kind, denied.
    static Result<Bell> find(Thread& caller, abi::Slot slot, u64 bits);
    void ring() const { notification->signal(bits); }
};

// Puts a new object (whose only reference is the creator's) into the caller's table, or releases it
// again.
Result<abi::Slot> install(Thread& caller, Object& object, abi::Rights rights, u64 data = 0);

}  // namespace kernel
