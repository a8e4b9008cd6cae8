// sched/lock.hpp - the one lock of the kernel. Taken at each entry, with interrupts masked,
// released before the return to EL0 and while idle.
#pragma once

#include "arch/aarch64/sysreg.hpp"

#include <atomic>

namespace kernel {

class Lock {
public:
    constexpr Lock() = default;

    void acquire()
    {
        while (!try_acquire())
            sysreg::yield();
    }
    // Acquire: what the last holder wrote is seen by everything that follows.
    bool try_acquire() { return taken_.exchange(1, std::memory_order_acquire) == 0; }
    void release() { taken_.store(0, std::memory_order_release); }

private:
    std::atomic<u32> taken_{0};
};

extern constinit Lock kernel_lock;

}  // namespace kernel
