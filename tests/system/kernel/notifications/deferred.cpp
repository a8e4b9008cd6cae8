// deferred.cpp - deadlines that rest while their CPU has nothing to do.
#include <atomic>

#include <abi/deadline.hpp>
#include <check/threads.hpp>

namespace {

using check::equals;
using check::need;
using check::that;
using check::Threaded;
using check::works;

// Far enough apart for a host that wakes its guest late.
constexpr u64 soon_ms = 20;
constexpr u64 idle_ms = 200;

// Sleeps until its deadline, or for ever.
struct Sleeper {
    u64 ms = soon_ms;
    sys::Handle<sys::Notification> bell = need(sys::create_notification());
    abi::Ticks began{};
    abi::Ticks ended{};
    Errc status = Errc::ok;
    std::atomic<bool> over{false};

    abi::Ticks span() const { return abi::Ticks{ended.raw() - began.raw()}; }
};

void sleep_deferred(Sleeper& s)
{
    s.began = sys::now();
    const auto bits =
        sys::wait(s.bell.borrow(), abi::defer(sys::later(s.began, sys::milliseconds(s.ms))));
    s.ended = sys::now();
    s.status = bits ? Errc::ok : bits.error();
    s.over = true;
}

constexpr u64 less_important = check::own_priority - 1;

// While somebody works it is a deadline like any other.
void passes_on_a_busy_cpu()
{
    Sleeper sleeper;
    Threaded<Sleeper> thread{&sleep_deferred, sleeper, check::own_priority};
    while (sleeper.began == abi::Ticks{})
        check::sleep_ms(1);
    for (const abi::Ticks end = check::patience(); !sleeper.over && sys::now() < end;)
        check::pause(100);
    thread.join();
    equals(sleeper.status, Errc::timed_out);
    that(sleeper.span() >= sys::milliseconds(soon_ms), "it ended early");
}

// Then it is as far ahead again as it was.
void rests_on_an_idle_cpu()
{
    Sleeper sleeper;
    Threaded<Sleeper> thread{&sleep_deferred, sleeper, less_important};
    check::sleep_ms(idle_ms);
    const abi::Ticks woke = sys::now();
    that(sleeper.began != abi::Ticks{}, "it did not begin");
    that(!sleeper.over, "it did not rest");
    for (const abi::Ticks end = check::patience(); !sleeper.over && sys::now() < end;)
        check::sleep_ms(1);
    thread.join();
    equals(sleeper.status, Errc::timed_out);
    that(sleeper.ended >= woke, "it ended while its CPU was idle");
    that(sleeper.span() >= sys::milliseconds(idle_ms), "it ended early");
}

void a_signal_ends_its_rest()
{
    Sleeper sleeper;
    Threaded<Sleeper> thread{&sleep_deferred, sleeper, less_important};
    check::sleep_ms(idle_ms);
    works(sys::signal(sleeper.bell.borrow(), abi::Bits::at(3)));
    thread.join();
    equals(sleeper.status, Errc::ok);
}

// The nearer one came second: it passes in time, and by that ends the other's rest.
void one_for_each_cpu()
{
    Sleeper first{.ms = 3 * soon_ms};
    Sleeper second;
    Threaded<Sleeper> has_the_place{&sleep_deferred, first, less_important};
    Threaded<Sleeper> has_none{&sleep_deferred, second, less_important};
    check::sleep_ms(idle_ms);
    has_none.join();
    has_the_place.join();
    that(second.ended < first.ended, "the second rested");
    equals(first.status, Errc::timed_out);
    equals(second.status, Errc::timed_out);
}

// Whose wait is over leaves the place to the next.
void the_place_comes_back()
{
    {
        Sleeper cancelled;
        Threaded<Sleeper> thread{&sleep_deferred, cancelled, less_important};
        check::sleep_ms(2 * soon_ms);
        cancelled.bell = {};
        thread.join();
        equals(cancelled.status, Errc::cancelled);
    }
    rests_on_an_idle_cpu();
}

constexpr std::array cases{
    check::Case{"a deferrable deadline passes on a busy CPU", passes_on_a_busy_cpu},
    check::Case{"a deferrable deadline rests while its CPU does", rests_on_an_idle_cpu},
    check::Case{"a signal ends a wait whose deadline rests", a_signal_ends_its_rest},
    check::Case{"one deferrable deadline of a CPU rests, a second passes", one_for_each_cpu},
    check::Case{"a wait that was cancelled in its rest leaves its place", the_place_comes_back},
};

}  // namespace

int app_main(const sys::Startup& given) { return check::run(given, {cases}); }
