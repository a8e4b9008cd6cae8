// sys/interrupt.hpp - one line of one device. There is no acknowledge: the next wait of the thread
// that the line's notification is bound to arms it again.
#pragma once

#include <sys/handle.hpp>
#include <sys/time.hpp>

namespace sys {

// The line raises bit number `bit` from now on. Errors: busy (bound already).
inline Result<> register_interrupt(Borrowed<Interrupt> line,
                                   Borrowed<Notification> notification,
                                   unsigned bit_number)
{
    return perform(abi::SYS_IRQ_REGISTER, line.slot, notification.slot.raw(), bit_number);
}

inline Result<> unregister_interrupt(Borrowed<Interrupt> line)
{
    return perform(abi::SYS_IRQ_REGISTER, line.slot, abi::no_slot.raw(), 0);
}

// Waits for this line alone; gives how often it fired since it was registered. Errors: timed_out.
inline Result<u64> wait_interrupt(Borrowed<Interrupt> line, abi::Ticks deadline = abi::never)
{
    return block(abi::SYS_IRQ_WAIT, line.slot, deadline).transform([](Woken w) { return w.x1; });
}

}  // namespace sys
