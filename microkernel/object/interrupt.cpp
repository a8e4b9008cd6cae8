// object/interrupt.cpp - lines fire, are delivered and armed again.

#include "object/interrupt.hpp"

#include "fault/hooks.hpp"
#include "sched/cpu.hpp"

namespace kernel {

constinit std::array<Interrupt*, interrupt_ids> interrupts{};

void Interrupt::bind(Process& owner, Notification& target, unsigned bit)
{
    owner_ = &owner;
    target_ = Ref{target};
    bit_ = abi::Bits::at(bit);
    fires_ = 0;
    target.attach(*this);
    state_ = State::armed;
    cpu_ = this_cpu().index();
    gic.enable(line_, edge_, cpu_);
}

void Interrupt::unbind()
{
    if (state_ == State::unbound)
        return;
    gic.disable(line_);
    if (state_ == State::active)
        Gic::deactivate(line_);  // or the next owner would never hear of it
    state_ = State::unbound;
    target_->detach(*this);
    target_.reset();
    owner_ = nullptr;
}

void Interrupt::fire()
{
    if (state_ != State::armed) {
        Gic::deactivate(line_);  // it was on its way while being unbound
        return;
    }
    if (fault::interrupt(*this))
        return;
    state_ = State::active;
    ++fires_;
    target_->signal(bit_);
}

void Interrupt::rearm()
{
    if (state_ != State::active)
        return;
    state_ = State::armed;
    Gic::deactivate(line_);
    // Follows its thread. It may have fired again already, but nobody takes it without the lock.
    if (const u32 here = this_cpu().index(); here != cpu_) [[unlikely]]
        gic.route(line_, cpu_ = here);
    fault::rearmed(*this);
}

inline bool Interrupt::rearm_simply()
{
    if (state_ != State::active || this_cpu().index() != cpu_ || !gic.version_3())
        return false;
    state_ = State::armed;
    gicv3::deactivate(line_);
    fault::rearmed(*this);
    return true;
}

// Nearly every driver has one line, and stays where it is.
void Notification::rearm_lines()
{
    if (first_line_->next_line == nullptr && first_line_->rearm_simply()) [[likely]]
        delivered_ = {};
    else
        rearm_each();
}

void Notification::rearm_each()
{
    for (Interrupt* line = first_line_; line != nullptr; line = line->next_line)
        if (delivered_.any(line->bit()))
            line->rearm();
    delivered_ = {};
}

}  // namespace kernel
