// fault/hooks.hpp - where the kernel asks the injector. In the other flavours each of these is
// nothing, and its answer false. Called under the kernel's lock.
#pragma once

#include "fault/flavour.hpp"

#include <abi/object.hpp>

namespace kernel {

class Cpu;
class Endpoint;
class Interrupt;
class Process;
class Thread;

// Defined in the flavour only: see the functions below.
namespace fault {

void on_made(Process& process);
void on_ended(Process& process);
void on_stopped(Thread& thread);
void on_woken(Thread& thread);
bool on_order(Thread& caller);
bool on_call(Thread& caller);
bool on_return(Thread& thread, u32 cpu);
bool on_exception(Thread& thread);
bool on_access(Thread& thread, PhysAddr at, bool write, u64 value);
void on_accessed(Thread& thread);
bool on_interrupt(Interrupt& line);
void on_rearmed(Interrupt& line);
abi::Ticks on_timer(abi::Ticks now);
bool on_request(Thread& from, Thread& to);
void on_received(Thread& from, Thread& to);
bool on_receive(Thread& receiver, Endpoint& endpoint);
bool on_reply(Thread& server, Thread& caller);
void on_replied(Thread& server, Thread& caller);
bool has_lost(const Thread& caller);

// A process was made, has ended. One of its threads is dead, one that was blocked is ready.
inline void made(Process& process)
{
    if constexpr (fault_injecting)
        on_made(process);
}
inline void ended(Process& process)
{
    if constexpr (fault_injecting)
        on_ended(process);
}
inline void stopped(Thread& thread)
{
    if constexpr (fault_injecting)
        on_stopped(thread);
}
inline void woken(Thread& thread)
{
    if constexpr (fault_injecting)
        on_woken(thread);
}

// The call is an order, and was carried out.
inline bool ordered(Thread& caller)
{
    if constexpr (fault_injecting)
        return on_order(caller);
    return false;
}
// A call begins. True: it is not carried out.
inline bool call(Thread& caller)
{
    if constexpr (fault_injecting)
        return on_call(caller);
    return false;
}
// The thread is about to go on at EL0. True: it does not.
inline bool returns(Thread& thread, u32 cpu)
{
    if constexpr (fault_injecting)
        return on_return(thread, cpu);
    return false;
}
// A synchronous exception at EL0. True: it was none of the program's.
inline bool exception(Thread& thread)
{
    if constexpr (fault_injecting)
        return on_exception(thread);
    return false;
}

// Before an access to a device register, and after. True: it does not happen.
inline bool access(Thread& thread, PhysAddr at, bool write, u64 value)
{
    if constexpr (fault_injecting)
        return on_access(thread, at, write, value);
    return false;
}
inline void accessed(Thread& thread)
{
    if constexpr (fault_injecting)
        on_accessed(thread);
}

// A bound line fires. True: nobody hears of it now.
inline bool interrupt(Interrupt& line)
{
    if constexpr (fault_injecting)
        return on_interrupt(line);
    return false;
}
inline void rearmed(Interrupt& line)
{
    if constexpr (fault_injecting)
        on_rearmed(line);
}
// A timer interrupt. Gives when the next one is needed.
inline abi::Ticks timer(abi::Ticks now)
{
    if constexpr (fault_injecting)
        return on_timer(now);
    return abi::never;
}

// A request is about to be delivered. True: it is lost, and so is the wait of who sent it.
inline bool request(Thread& from, Thread& to)
{
    if constexpr (fault_injecting)
        return on_request(from, to);
    return false;
}
inline void received(Thread& from, Thread& to)
{
    if constexpr (fault_injecting)
        on_received(from, to);
}
// True: something was received before anybody is looked for who calls.
inline bool receive(Thread& receiver, Endpoint& endpoint)
{
    if constexpr (fault_injecting)
        return on_receive(receiver, endpoint);
    return false;
}
// The same of a reply.
inline bool reply(Thread& server, Thread& caller)
{
    if constexpr (fault_injecting)
        return on_reply(server, caller);
    return false;
}
inline void replied(Thread& server, Thread& caller)
{
    if constexpr (fault_injecting)
        on_replied(server, caller);
}
// Its message is lost, and it waits.
inline bool lost(const Thread& caller)
{
    if constexpr (fault_injecting)
        return has_lost(caller);
    return false;
}

}  // namespace fault

}  // namespace kernel
