// sys/notification.hpp - 64 sticky bits: signalled by many, waited for by one.
#pragma once

#include <sys/handle.hpp>
#include <sys/time.hpp>

namespace sys {

inline Result<Handle<Notification>> create_notification()
{
    return owned<Notification>(fetch(abi::Syscall::notification_create, abi::no_slot));
}

// Its bits then also come with every receive of the running thread.
inline Result<> bind(Borrowed<Notification> notification)
{
    return perform(abi::Syscall::notification_bind, notification.slot);
}

// Raises those of `bits` that the handle's mask has. Never blocks.
inline Result<> signal(Borrowed<Notification> notification, abi::Bits bits)
{
    return perform(abi::Syscall::signal, notification.slot, bits.raw);
}

// Waits until a bit is set, and takes all that are. Errors: timed_out.
inline Result<abi::Bits> wait(Borrowed<Notification> notification, abi::Ticks deadline = abi::never)
{
    return block(abi::Syscall::wait, notification.slot, deadline).transform([](Woken w) {
        return w.bits;
    });
}

// Raises bits of one and waits for another: one trap. Errors: timed_out, with the bits raised.
inline Result<abi::Bits> signal_wait(Borrowed<Notification> rung,
                                     abi::Bits bits,
                                     Borrowed<Notification> notification,
                                     abi::Ticks deadline = abi::never)
{
    return block(abi::Syscall::signal_wait, notification.slot, deadline, rung.slot.raw(), bits.raw)
        .transform([](Woken w) { return w.bits; });
}

// A handle that can only raise `bits`: what a doorbell is. It may be sent to a peer.
inline Result<Handle<Notification>> doorbell(Borrowed<Notification> notification, abi::Bits bits)
{
    return duplicate(notification,
                     abi::right::signal | abi::right::transfer | abi::right::duplicate, bits);
}

}  // namespace sys
