// fault/order.hpp - the order in force, and what its points come to. Only for the flavour's own
// files.
#pragma once

#include "fault/hooks.hpp"
#include "fault/random.hpp"
#include "object/process.hpp"

#include <abi/fault.hpp>

namespace kernel::fault {

using Kind = abi::FaultKind;
using Point = abi::FaultPoint;

// What was changed, for the report.
struct Change {
    u64 address = 0;
    u64 before = 0;
    u64 after = 0;
    u32 detail = 0;
};

enum class Outcome : u8 {
    missed,   // the kind does not apply here
    changed,  // the thread goes on
    stopped,  // it does not
};

struct Order {
    Kind kind = Kind::count;
    Point point = Point::none;
    u64 flags = 0;
    abi::Name name{};
    Process* victim = nullptr;  // null: not there, or no order
    u64 number = 0;             // of all orders
    u64 next = 0;               // the event at which it fires
    u64 period = 0;
    u64 seed = 0;
    u64 detail = 0;
    bool due = false;  // fired where the victim did not run: the thread of it that goes on next
    abi::FaultReport report{};

    bool steps() const { return point == Point::step && (kind == Kind::count || next != never); }
    bool live() const { return report.fired_count > 0; }
    // Numbers for this firing.
    Random random() const { return Random{seed + u64{report.fired_count} * 0x9e37'79b9}; }

    static constexpr u64 never = ~u64{0};
};
extern constinit Order order;

// An event of the process. True: the order is to be carried out now.
bool reaches(const Process& process, Point point);
// It was, or not. `thread`: whom it was about, if anybody, and where that was.
void fired(const Thread* thread, const Change& change);
void fired(const Thread* thread, const Change& change, u64 pc);
void missed();

// Does what the order says to a thread of the victim that runs, and writes it down.
Outcome inject(Thread& thread);
// The same for a point: true if the thread does not go on.
bool at_point(Thread& thread, Point point);

// Processes that have not ended, by age; the youngest of a name that lives, or null.
std::span<Process* const> processes();
Process* find(std::string_view name);

void forget_messages(const Process& server);
void forget_interrupts(const Process& owner);

// Stepping on this CPU, for what goes on next.
void set_debug(Thread* thread, u32 cpu);
bool took_debug_exception(Thread& thread, u64 exception_class);
bool took_device_access(Thread& thread, u64 address);

// What the victim shows its devices.
void look_at_queues(Process& owner);
// A call that may release what a dead driver had pinned: its device must not know of it any more.
void look_at_release(Thread& caller);
// A register of some device is about to be accessed.
void look_at_access(PhysAddr at, bool write, u64 value);

}  // namespace kernel::fault
