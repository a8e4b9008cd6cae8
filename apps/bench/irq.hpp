// bench/irq.hpp - from a device's interrupt to the first instruction of its driver, which preempts
// a program.
//
// The program writes the instruction counter into a shared page, over and over; the driver reads
// the counter when it wakes up. The difference is the path through the kernel, and at most one turn
// of the program's loop (5 instructions).
#pragma once

#include "meter.hpp"

#include <sys/endpoint.hpp>
#include <sys/handle_set.hpp>
#include <sys/memory.hpp>

namespace bench {

// One message: the page (1 handle: memory). The driver then takes `samples` interrupts.
inline constexpr u16 irq_ordinal = 1;
inline constexpr u32 irq_samples = 64;

struct IrqPage {
    u64 preempted;  // the program's counter, written in its loop
    u64 turns;      // of that loop
    u64 total;      // sum of all differences, of the driver
    u64 samples;    // taken so far
};

inline Result<> interrupts(sys::Borrowed<sys::Endpoint> driver)
{
    auto page = sys::SharedMemory::create(Bytes{page_bytes});
    if (!page)
        return fail(page.error());
    auto* const shared = *page->mapping.at<IrqPage>();
    auto copy = sys::duplicate(page->handle.borrow(),
                               abi::right::read | abi::right::write | abi::right::transfer);
    if (!copy)
        return fail(copy.error());
    sys::message_page().handles[0] = copy->slot();
    mark_start();
    const auto reply = sys::call(driver, {abi::Header::make(irq_ordinal, 0, 1), {}});
    if (reply.header.status() != Errc::ok)
        return fail(reply.header.status());
    (void)copy->release();  // it moved
    u64 turns = 0;
    while (__atomic_load_n(&shared->samples, __ATOMIC_ACQUIRE) < irq_samples) {
        for (unsigned n = 0; n < 64; ++n) {
            u64 count;
            ++turns;
            asm volatile("yield\n mrs %0, pmevcntr0_el0\n stp %0, %1, [%2]"
                         : "=&r"(count)
                         : "r"(turns), "r"(&shared->preempted)
                         : "memory");
        }
    }
    Region::print_only("irq.user", irq_samples, shared->total);
    return {};
}

}  // namespace bench
