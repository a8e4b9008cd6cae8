// bench/meter.hpp - what one region costs: instructions, exceptions, address-space switches,
// interrupts, time.
//
// Instructions are INST_RETIRED as counted by the emulated PMU, which exists only under -icount; a
// stretch is shorter than 2^32 of them. Markers (no-ops at any exception level) let counters
// outside the guest find the same region.
#pragma once

#include <sys/log.hpp>
#include <sys/process.hpp>
#include <sys/time.hpp>

namespace bench {

inline u32 instructions()
{
    u64 count;
    asm volatile("isb\n mrs %0, pmevcntr0_el0" : "=r"(count)::"memory");
    return static_cast<u32>(count);
}

inline void mark_hello() { asm volatile(".inst 0xd28b601f"); }  // movz xzr, #0x5b00
inline void mark_start() { asm volatile(".inst 0xd28b603f" ::: "memory"); }
inline void mark_end() { asm volatile(".inst 0xd28b605f" ::: "memory"); }

// What a driver counts of its device.
struct DeviceCounts {
    u64 notifies = 0;
    u64 mmio = 0;
};

// What lies between construction, or resume(), and stop() counts.
class Region {
public:
    explicit Region(DeviceCounts device = {}) : device_{device} { resume(); }

    // Another stretch: what happened since stop() does not count.
    void resume()
    {
        began_ = *sys::system_info();
        since_ = sys::now();
        mark_start();
        start_ = instructions();
    }

    void stop()
    {
        instructions_ += instructions() - start_;
        mark_end();
        ticks_ += sys::now().raw() - since_.raw();
        const abi::SystemInfo now = *sys::system_info();
        exceptions_ += now.exceptions - began_.exceptions - 1;  // that very call
        switches_ += now.switches - began_.switches;
        irqs_ += now.irqs - began_.irqs;
    }

    // The record of a region that was stopped, after `n` operations on `bytes` bytes. `device`: its
    // counts afterwards.
    void print(std::string_view name, u64 n, u64 bytes = 0, DeviceCounts device = {}) const
    {
        text::Buffer<200> line;
        line.put("RES ").number(next_number++).put(' ').put(name).field("n", n);
        line.field("ns", sys::nanoseconds(abi::Ticks{ticks_})).field("bytes", bytes);
        line.field("insn", instructions_).field("exceptions", exceptions_);
        line.field("switches", switches_);
        line.field("notifies", device.notifies - device_.notifies);
        line.field("irqs", irqs_).field("mmio", device.mmio - device_.mmio);
        sys::out(line.view());
    }

    void end(std::string_view name, u64 n, u64 bytes = 0)
    {
        stop();
        print(name, n, bytes);
    }

    // The record of instructions that were counted elsewhere, one stretch at a time: what happened
    // between them does not count.
    static void print_only(std::string_view name, u64 n, u64 spent)
    {
        mark_end();
        text::Buffer<200> line;
        line.put("RES ").number(next_number++).put(' ').put(name).field("n", n);
        sys::out(line.field("insn", spent).view());
    }

private:
    static inline constinit u64 next_number = 0;

    DeviceCounts device_;
    abi::SystemInfo began_{};
    abi::Ticks since_{};
    u32 start_ = 0;
    u64 ticks_ = 0;
    u64 instructions_ = 0;
    u64 exceptions_ = 0;
    u64 switches_ = 0;
    u64 irqs_ = 0;
};

}  // namespace bench
