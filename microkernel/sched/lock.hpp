// sched/lock.hpp - the one lock of the kernel. Taken at each entry, with interrupts masked,
// released before the return to EL0 and while idle.
//
// Whoever waits for it has all registers of its thread saved, and attends (Cpu::attend) to what the
// holder may ask of it.
#pragma once

#include "sched/longest.hpp"

#include <atomic>

#include <base/types.hpp>

namespace kernel {

class Lock {
public:
    constexpr Lock() = default;

    void acquire()
    {
        if (!try_acquire()) [[unlikely]]
            wait();
    }
    // Soon after a release: others who wait come first.
    void acquire_fairly();
    // Acquire: what the last holder wrote is seen by everything that follows.
    bool try_acquire()
    {
        const bool got = taken_.exchange(1, std::memory_order_acquire) == 0;
        lock_held.begin();
        return got;
    }
    void release()
    {
        lock_held.end();
        taken_.store(0, std::memory_order_release);
    }

private:
    void wait();

    std::atomic<u32> taken_{0};
    std::atomic<u32> waiting_{0};  // in wait()
};

extern constinit Lock kernel_lock asm("kernel_lock");  // for vectors.S and fast.S

}  // namespace kernel
