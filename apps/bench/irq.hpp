// bench/irq.hpp - what wakes a driver: a device's interrupt that preempts a program, and a signal.
//
// The driver notes the instruction counter in a shared page first thing when it wakes up. The
// program turns in a loop that reads the counter, and sees a gap when it was interrupted: the
// counter before it, the driver's and the one behind it are one sample.
#pragma once

#include "calls.hpp"

#include <sys/endpoint.hpp>
#include <sys/memory.hpp>
#include <sys/notification.hpp>

namespace bench {

// One message: the page (1 handle: memory). The reply has a handle that wakes the driver by the
// bits below, until it is told that all is done.
inline constexpr u16 irq_ordinal = 1;
inline constexpr unsigned wake_bit = 1;     // notes the counter, and no more
inline constexpr unsigned request_bit = 2;  // asks the device for something
inline constexpr unsigned done_bit = 3;

struct IrqPage {
    u64 woken;       // the counter, of the driver when it woke up
    u64 interrupts;  // that it got
};

struct Woken {
    sys::SharedMemory shared;
    sys::Handle<sys::Notification> bell;

    IrqPage& page() const { return **shared.mapping.at<IrqPage>(); }
    u64 interrupts() const { return __atomic_load_n(&page().interrupts, __ATOMIC_ACQUIRE); }
    u32 woken() const { return static_cast<u32>(__atomic_load_n(&page().woken, __ATOMIC_RELAXED)); }
};

inline Result<Woken> start_driver(sys::Borrowed<sys::Endpoint> driver)
{
    auto page = sys::SharedMemory::create(Bytes{page_bytes});
    if (!page)
        return fail(page.error());
    auto copy = sys::duplicate(page->handle.borrow(),
                               abi::right::read | abi::right::write | abi::right::transfer);
    if (!copy)
        return fail(copy.error());
    sys::message_page().handles[0] = copy->slot();
    const auto reply = sys::call(driver, {abi::Header::make(irq_ordinal, 0, 1, 1), {}});
    if (reply.header.status() != Errc::ok)
        return fail(reply.header.status());
    (void)copy->release();  // it moved
    return Woken{std::move(*page), sys::Handle<sys::Notification>{sys::message_page().handles[0]}};
}

// A turn is 8 instructions. The counter is read just before the place where interrupts come in.
struct Gap {
    u64 before;
    u64 behind;
    static constexpr u64 turn = 8;

    static Gap look(u64 turns)
    {
        Gap gap{};
        u64 width;
        asm volatile("mrs %1, pmevcntr0_el0\n mov %0, %1\n"
                     "1: sub %2, %1, %0\n cmp %2, #40\n b.hi 2f\n mov %0, %1\n"
                     "subs %3, %3, #1\n mrs %1, pmevcntr0_el0\n yield\n b.ne 1b\n"
                     "2:"
                     : "=&r"(gap.before), "=&r"(gap.behind), "=&r"(width), "+r"(turns)::"cc",
                       "memory");
        return gap;
    }
    u64 width() const { return behind - before; }
};

inline Result<> interrupts(const Woken& driver)
{
    constexpr u32 samples = 64;
    u64 reached = 0;
    u64 whole = 0;
    mark_start();
    for (u32 taken = 0; taken < samples;) {
        const u64 last = driver.interrupts();
        if (const auto asked = sys::signal(driver.bell.borrow(), abi::Bits::at(request_bit));
            !asked)
            return asked;
        Gap gap{};
        do
            gap = Gap::look(64);
        while (driver.interrupts() == last);
        const u32 until_woken = driver.woken() - static_cast<u32>(gap.before);
        if (until_woken >= gap.width() || driver.interrupts() != last + 1)
            continue;  // it came while the driver was awake, or between two looks
        reached += until_woken;
        whole += gap.width() - Gap::turn;
        ++taken;
    }
    mark_end();
    Region::print_only("irq.user", samples, reached);
    Region::print_only("irq.episode", samples, whole);
    return {};
}

// To the first instruction of a process that waits and is more important; and until it waits again.
inline Result<> signals(const Woken& sleeper)
{
    u64 reached = 0;
    for (u64 i = 0; i < rounds; ++i) {
        const u32 before = instructions();
        if (const auto done = sys::signal(sleeper.bell.borrow(), abi::Bits::at(wake_bit)); !done)
            return done;
        reached += sleeper.woken() - before;
    }
    Region::print_only("ipc.signal_wake", rounds, reached);
    Region region;
    for (u64 i = 0; i < rounds; ++i)
        if (const auto done = sys::signal(sleeper.bell.borrow(), abi::Bits::at(wake_bit)); !done)
            return done;
    region.end("ipc.signal_wait", rounds);
    return {};
}

}  // namespace bench
