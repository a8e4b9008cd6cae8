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

u64 count_of(const Counter& counter) { return __atomic_load_n(&counter.count, __ATOMIC_RELAXED); }

bool fair(u64 first, u64 second)
{
    const u64 low = std::min(first, second);
    return low > 0 && std::max(first, second) / 4 < low;
}

// In the long run: on a busy host a turn may pass while the machine is stopped.
void equals_share()
{
    Counter a;
    Counter b;
    Threaded<Counter> first{&spin, a, 20};
    Threaded<Counter> second{&spin, b, 20};
    check::sleep_ms(60);
    const bool shared = check::eventually([&] { return fair(count_of(a), count_of(b)); });
    stop(a), stop(b);
    that(shared, "one of two equal threads got less than a fifth");
}

struct Woken {
    Counter counter;
    sys::Handle<sys::Notification> bell = need(sys::create_notification());
    u64 turns = 0;  // that the waker saw
};

// Whoever is woken by an equal that goes on has its turns like any other. The waker looks itself:
// if anybody else woke meanwhile, the scheduler would look again.
void woken_equals_share()
{
    Woken sleeper;
    Threaded<Woken> first{+[](Woken& w) {
                              need(sys::wait(w.bell.borrow()));
                              spin(w.counter);
                          },
                          sleeper, 20};
    check::until_others_block();
    Threaded<Woken> second{+[](Woken& w) {
                               check::works(sys::signal(w.bell.borrow(), abi::Bits::at(0)));
                               for (u64 n = 0; n < 200'000'000 && w.turns == 0; ++n)
                                   w.turns = count_of(w.counter);
                           },
                           sleeper, 20};
    second.join();
    stop(sleeper.counter);
    that(sleeper.turns > 0, "the woken thread did not run");
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
    const auto moves = [&] { return __atomic_load_n(&low.count, __ATOMIC_RELAXED) > before; };
    that(check::eventually(moves), "the lower thread starves after the higher ended");
    stop(low);
}

// A thread that spins does not make a more important one late: it wakes when its deadline says.
// (A busy host stops the machine whenever it likes, so once in time is enough.)
void a_spinner_delays_nobody()
{
    Counter counter;
    Threaded<Counter> spinner{&spin, counter, 20};
    constexpr u64 limit_ms = 2;
    u64 best = ~u64{0};
    const auto nobody = need(sys::create_notification());
    for (int i = 0; i < check::tries(500) && best >= sys::milliseconds(limit_ms).raw(); ++i) {
        const abi::Ticks deadline = sys::after(sys::microseconds(500));
        (void)sys::wait(nobody.borrow(), deadline);
        const u64 late = sys::now().raw() - deadline.raw();
        best = std::min(best, late);
        that(sys::now() >= deadline, "woke before the deadline");
    }
    stop(counter);
    that(best < sys::milliseconds(limit_ms).raw(), "woke at least 2 ms late each time");
}

constexpr std::array cases{
    check::Case{"two spinning threads of one priority share the CPU", equals_share},
    check::Case{"a thread that an equal wakes has its turns", woken_equals_share},
    check::Case{"a lower priority does not run while a higher one can", lower_ones_wait},
    check::Case{"a spinning thread delays no more important one", a_spinner_delays_nobody},
};

}  // namespace

const check::Cases scheduling_cases{cases};
