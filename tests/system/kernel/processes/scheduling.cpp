// scheduling.cpp - the more important thread runs; equals share; a caller's importance goes with
// its call.
#include "cases.hpp"

#include <check/child.hpp>
#include <check/threads.hpp>

namespace {

using check::equals;
using check::need;
using check::that;
using check::Threaded;

struct Counter {
    u64 count = 0;
    bool stop = false;
};

bool stopped(const Counter& counter) { return __atomic_load_n(&counter.stop, __ATOMIC_RELAXED); }

void spin(Counter& counter)
{
    while (!stopped(counter))
        __atomic_store_n(&counter.count, counter.count + 1, __ATOMIC_RELAXED);
}

void stop(Counter& counter) { __atomic_store_n(&counter.stop, true, __ATOMIC_RELAXED); }

bool shared()
{
    Counter a;
    Counter b;
    Threaded<Counter> first{&spin, a, 20};
    Threaded<Counter> second{&spin, b, 20};
    check::sleep_ms(60);
    stop(a), stop(b);
    const u64 low = std::min(a.count, b.count);
    const u64 high = std::max(a.count, b.count);
    return low > 0 && high / 4 < low;
}

// Three tries: the host may stop the machine in the turn of one of them.
void equals_share()
{
    that(shared() || shared() || shared(), "one of two equal threads got less than a fifth");
}

void lower_ones_wait()
{
    Counter low;
    Counter high;
    Threaded<Counter> lower{&spin, low, 5};
    Threaded<Counter> higher{&spin, high, 20};
    check::sleep_ms(5);
    const u64 before = __atomic_load_n(&low.count, __ATOMIC_RELAXED);
    check::sleep_ms(20);
    equals(__atomic_load_n(&low.count, __ATOMIC_RELAXED), before);
    stop(high);
    check::sleep_ms(5);
    that(__atomic_load_n(&low.count, __ATOMIC_RELAXED) > before,
         "the lower thread starves after the higher ended");
    stop(low);
}

// A thread that spins does not make a more important one late: it wakes when its deadline says.
// (The host may stop the machine now and then, so the best of twenty counts.)
void a_spinner_delays_nobody()
{
    Counter counter;
    Threaded<Counter> spinner{&spin, counter, 20};
    u64 best = ~u64{0};
    const auto nobody = need(sys::create_notification());
    for (int i = 0; i < 20; ++i) {
        const abi::Ticks deadline = sys::after(sys::microseconds(500));
        (void)sys::wait(nobody.borrow(), deadline);
        const u64 late = sys::now().raw() - deadline.raw();
        best = std::min(best, late);
        that(sys::now() >= deadline, "woke before the deadline");
    }
    stop(counter);
    that(best < sys::milliseconds(2).raw(), "woke at least 2 ms late each time");
}

constexpr std::array cases{
    check::Case{"two spinning threads of one priority share the CPU", equals_share},
    check::Case{"a lower priority does not run while a higher one can", lower_ones_wait},
    check::Case{"a spinning thread delays no more important one", a_spinner_delays_nobody},
};

}  // namespace

const check::Cases scheduling_cases{cases};
