// checks/invariants.hpp - what must hold whenever a process has ended, a device is quiet, or the
// run is over. Looked at in the checked kernel only, which panics; nothing in the others.
//
//   a frame is reserved, free or used, and in one block only
//   a line is unbound, or has a living owner and a notification; an active one has its bit pending
//   or delivered
//   a user page is normal memory that is not free, or a device's register page
//   a dead process has no thread, handle, mapping, page, line, device or pin
//   a process object that goes has nothing charged to it
//   handles move with a message exactly once
#pragma once

#include "checks/flavour.hpp"

#include <span>

#include <abi/object.hpp>

namespace kernel {

class Process;
struct Quota;
class Thread;

namespace checks {

// Defined for the checked kernel only.
void look_at_machine();
void look_at_pages(Process& process);
void look_at_dead(Process& process);
void look_at_moved(const Thread& from,
                   std::span<const abi::Slot> before,
                   const Thread& to,
                   std::span<const abi::Slot> after);

void look_at_quotas(const Quota& frames, const Quota& handles);

inline void all()
{
    if constexpr (checked)
        look_at_machine();
}
inline void before_end(Process& process)
{
    if constexpr (checked)
        look_at_pages(process);
}
inline void after_end(Process& process)
{
    if constexpr (checked)
        look_at_dead(process), look_at_machine();
}
inline void all_paid_back(const Quota& frames, const Quota& handles)
{
    if constexpr (checked)
        look_at_quotas(frames, handles);
}

}  // namespace checks

}  // namespace kernel
