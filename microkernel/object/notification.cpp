// object/notification.cpp - bits reach their waiter; interrupt lines come and go.

#include "object/notification.hpp"

#include "object/interrupt.hpp"
#include "object/thread.hpp"
#include "trace/trace.hpp"

namespace kernel {

Notification::~Notification()
{
    if (waiter_ != nullptr)
        waiter_->abandon(Errc::cancelled);
}

void Notification::signal(abi::Bits bits)
{
    trace::note(trace::Kind::signal, trace::id(this), bits.raw);
    pending_ = pending_ | bits;
    if (waiter_ != nullptr) {
        if (pending_.any(waited_))
            waiter_->wake_with_bits(*this, take(waited_));
    } else if (bound_ != nullptr && bound_->state == Thread::State::receiving
               && !pending_.empty()) {
        bound_->wake_with_bits(*this, take(abi::Bits{~u64{0}}));
    }
}

void Notification::attach(Interrupt& line)
{
    line.next_line = first_line_;
    first_line_ = &line;
    lines_ = lines_ | line.bit();
}

void Notification::detach(Interrupt& line)
{
    Interrupt** link = &first_line_;
    while (*link != &line)
        link = &(*link)->next_line;
    *link = line.next_line;
    lines_ = {};
    for (const Interrupt* left = first_line_; left != nullptr; left = left->next_line)
        lines_ = lines_ | left->bit();
    delivered_ = delivered_ & lines_;
}

}  // namespace kernel
