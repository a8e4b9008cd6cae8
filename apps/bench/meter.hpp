// bench/meter.hpp - what one region costs: instructions, exceptions, address-space switches,
// interrupts, time.
//
// Instructions are INST_RETIRED as counted by the emulated PMU, which exists only under -icount; a
// region is shorter than 2^32 of them. Markers (no-ops at any exception level) let counters outside
// the guest find the same region.
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

class Region {
public:
    explicit Region(DeviceCounts device = {}) : device_{device}, system_{*sys::system_info()}
    {
        ticks_ = sys::now();
        mark_start();
        instructions_ = instructions();
    }

    // Prints the record of a region that ends here, after `n` operations on `bytes` bytes.
    void end(std::string_view name, u64 n, u64 bytes = 0, DeviceCounts device = {})
    {
        const u32 spent = instructions() - instructions_;
        print(name, n, bytes, device, spent);
    }

    // The same where the instructions were counted elsewhere.
    void end_with(std::string_view name, u64 n, u64 spent) { print(name, n, 0, {}, spent); }

private:
    void print(std::string_view name, u64 n, u64 bytes, DeviceCounts device, u64 spent)
    {
        mark_end();
        const abi::Ticks ticks{sys::now().raw() - ticks_.raw()};
        const abi::SystemInfo system = *sys::system_info();
        text::Buffer<200> line;
        line.put("RES ").number(next_number++).put(' ').put(name).field("n", n);
        line.field("ns", sys::nanoseconds(ticks)).field("bytes", bytes).field("insn", spent);
        line.field("exceptions",
                   system.exceptions - system_.exceptions - 1);  // the closing SYS_SYSTEM_INFO
        line.field("switches", system.switches - system_.switches);
        line.field("notifies", device.notifies - device_.notifies);
        line.field("irqs", system.irqs - system_.irqs).field("mmio", device.mmio - device_.mmio);
        sys::out(line.view());
    }

    static inline constinit u64 next_number = 0;

    DeviceCounts device_;
    abi::SystemInfo system_;
    abi::Ticks ticks_;
    u32 instructions_;
};

}  // namespace bench
