// devices/moved.cpp - a driver that is moved from CPU to CPU while its device works: its interrupts
// follow it, and none is lost. Argument 0: how many requests at least.
#include "entropy.hpp"

namespace {

using check::equals;
using check::need;
using check::that;
using check::works;

constexpr u64 least_moves = 40;

struct Load {
    u64 requests;
    u64 moves = 0;
    u64 done = 0;
    bool ended = false;
};

bool enough(const Load& load)
{
    return load.done >= load.requests
           && __atomic_load_n(&load.moves, __ATOMIC_RELAXED) >= least_moves;
}

// One request after the other, each with an interrupt of its own; by both kinds of waits.
bool one_request(Entropy& e, u64 number)
{
    (void)e.driver.arm();
    e.ask();
    const bool fired = number % 2 == 0 ? equals(need(e.wait()), number)
                                       : equals(need(sys::wait(e.bell.borrow(), check::patience())),
                                                interrupt_bit);
    return fired && equals(e.take(), 64u);
}

void drive(Load& load)
{
    Entropy e;
    while (!enough(load) && one_request(e, load.done + 1))
        ++load.done;
    that(enough(load), "an interrupt was lost, or came twice");
    __atomic_store_n(&load.ended, true, __ATOMIC_RELEASE);
}

void moved_every_10_ms()
{
    const u32 cpus = need(sys::system_info()).cpus;
    Load load{text::parse_number(check::given().argument(0)).value_or(1'000)};
    check::Threaded<Load, 16'384> driver{&drive, load, 25};
    while (!__atomic_load_n(&load.ended, __ATOMIC_ACQUIRE)) {
        check::sleep_ms(10);
        if (const auto moved = sys::move(driver.thread(), static_cast<u32>(1 + load.moves % cpus));
            !moved)
            check::fails(moved, Errc::peer_gone);
        __atomic_store_n(&load.moves, load.moves + 1, __ATOMIC_RELAXED);
    }
}

struct Costs {
    sys::Handle<sys::Notification> go = need(sys::create_notification());
    sys::Borrowed<sys::Thread> self{};
    u64 before = 0;
    u64 after = 0;
};

// Exceptions that a hundred requests cost.
u64 cost(Entropy& e, u64& number)
{
    const u64 before = need(sys::system_info()).exceptions;
    for (int i = 0; i < 100; ++i)
        one_request(e, ++number);
    return need(sys::system_info()).exceptions - before;
}

void measure(Costs& costs)
{
    need(sys::wait(costs.go.borrow()));
    Entropy e;
    u64 number = 0;
    costs.before = cost(e, number);
    need(sys::move(costs.self, 2));
    one_request(e, ++number);
    costs.after = cost(e, number);
}

// An interrupt that comes to another CPU than that of its thread costs a second exception, as long
// as no CPU idles.
void interrupts_follow()
{
    struct Spinner {
        bool stop = false;
    } spinner;
    const auto spin = +[](Spinner& s) {
        while (!__atomic_load_n(&s.stop, __ATOMIC_RELAXED)) {}
    };
    check::Threaded<Spinner> first{spin, spinner, 1, 1};
    check::Threaded<Spinner> second{spin, spinner, 1, 2};
    Costs costs;
    check::Threaded<Costs, 16'384> driver{&measure, costs, 25, 1};
    costs.self = driver.thread();
    works(sys::signal(costs.go.borrow(), abi::Bits::at(0)));
    driver.join();
    __atomic_store_n(&spinner.stop, true, __ATOMIC_RELAXED);
    that(costs.after < costs.before + 50, "the interrupts still go to the CPU that was left");
}

constexpr std::array cases{
    check::Case{"the interrupts of a driver go where it was moved to", interrupts_follow},
    check::Case{"a driver that is moved every 10 ms loses no interrupt", moved_every_10_ms,
                check::Runs::once},
};

}  // namespace

int app_main(const sys::Startup& given) { return check::run_all(given, {cases}); }
