// object/notification.hpp - 64 sticky bits that one thread can sleep on.
//
// signal() neither blocks nor allocates, so an interrupt handler may call it.
// Invariants: while waiter_ is set, no pending bit is in the mask that it waits for; while the
// bound thread is receiving, nothing is pending.
//
// Interrupt lines are bound to bits. A line whose bit was delivered stays inactive until the next
// wait of the thread that took it: rearm() is the acknowledgement. A bit that is still pending
// keeps its line inactive.
#pragma once

#include "object/object.hpp"

#include <base/list.hpp>

namespace kernel {

class Interrupt;
class Thread;

class Notification final : public Object {
public:
    static constexpr auto kind_value = abi::Kind::notification;

    Notification() : Object{kind_value} {}
    ~Notification();

    void signal(abi::Bits bits);

    // Removes and returns those pending bits that are in `mask`.
    abi::Bits take(abi::Bits mask)
    {
        const abi::Bits taken = pending_ & mask;
        pending_.raw &= ~taken.raw;
        delivered_.raw |= taken.raw & lines_.raw;
        return taken;
    }
    // Bits that go to a sleeper at once: it waits for all of them, so none is pending.
    abi::Bits deliver(abi::Bits bits)
    {
        delivered_.raw |= bits.raw & lines_.raw;
        return bits;
    }
    bool pending() const { return !pending_.empty(); }
    void add(abi::Bits bits) { pending_ = pending_ | bits; }

    // A wait would block, and has no line to arm.
    bool quiet() const { return pending_.empty() && delivered_.empty(); }

    // A waiting thread, at most one. forget() after a deadline or a death.
    Thread* waiter() const { return waiter_; }
    void wait(Thread& thread, abi::Bits mask)
    {
        waiter_ = &thread;
        waited_ = mask;
    }
    void forget() { waiter_ = nullptr; }

    // Interrupts delivered since the last wait may fire again.
    void rearm()
    {
        if (!delivered_.empty())
            rearm_lines();
    }

    // The thread whose recv also returns these bits; nobody else may wait then.
    Thread* bound() const { return bound_; }
    void bind(Thread* thread) { bound_ = thread; }

    void attach(Interrupt& line);
    void detach(Interrupt& line);

private:
    friend struct Layout;
    friend struct checks::Inspector;
    void rearm_lines();
    void rearm_each();

    abi::Bits pending_;
    abi::Bits delivered_;  // of lines_: taken, and not waited for again yet
    abi::Bits lines_;      // bits that interrupts are bound to
    abi::Bits waited_;
    Thread* waiter_ = nullptr;
    Thread* bound_ = nullptr;
    Interrupt* first_line_ = nullptr;
};

}  // namespace kernel
