// object/interrupt.hpp - one line of one device: who is told, and whether it may fire.
//
//   unbound   masked at the distributor; an edge that arrives stays pending there
//   armed     may fire, on the CPU where it was armed
//   active    fired: priority dropped, not deactivated; its bit is pending or was delivered
// Transitions: register, fire, the bound thread's next wait after delivery, unbind or death.
#pragma once

#include "arch/aarch64/gic.hpp"
#include "object/notification.hpp"

#include <array>

namespace kernel {

class Device;
class Process;

class Interrupt final : public Object {
public:
    static constexpr auto kind_value = abi::Kind::interrupt;

    Interrupt(IntId line, bool edge) : Object{kind_value}, line_{line}, edge_{edge} {}

    IntId line() const { return line_; }
    abi::Bits bit() const { return bit_; }
    Process* owner() const { return owner_; }
    Notification* target() const { return target_.get(); }
    u64 fires() const { return fires_; }

    void bind(Process& owner, Notification& target, unsigned bit);
    void unbind();
    void fire();
    void rearm();
    // The same, if that needs no more than a register write; else nothing, and false.
    bool rearm_simply();

    Interrupt* next_line = nullptr;  // of the same notification

private:
    friend struct Layout;
    friend struct checks::Inspector;
    enum class State : u8 { unbound, armed, active };

    IntId line_;
    u32 cpu_ = 0;  // where it goes
    abi::Bits bit_;
    Ref<Notification> target_;
    u64 fires_ = 0;
    Process* owner_ = nullptr;
    State state_ = State::unbound;
    bool edge_;
};

// Lines by what the GIC calls them.
inline constexpr u32 interrupt_ids = 1020;
extern constinit std::array<Interrupt*, interrupt_ids> interrupts asm("interrupts");  // for fast.S

inline Interrupt* interrupt_of(u32 id) { return id < interrupt_ids ? interrupts[id] : nullptr; }
inline void publish_interrupt(Interrupt& interrupt)
{
    interrupts[interrupt.line().raw()] = &interrupt;
}

}  // namespace kernel
