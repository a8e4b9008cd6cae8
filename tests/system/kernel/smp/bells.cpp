// smp/bells.cpp - doorbells to who waits on another CPU without a deadline: it goes on there.
#include "cases.hpp"

#include <check/threads.hpp>

namespace {

using abi::Bits;
using check::equals;
using check::need;
using check::Threaded;
using check::works;

struct Doorbell {
    sys::Handle<sys::Notification> bell = need(sys::create_notification());
    sys::Handle<sys::Notification> button = need(sys::doorbell(bell.borrow(), Bits::at(5)));
    u64 rung = 0;
    u64 beside = 0;  // how often who rang went on beside who was woken
};

constexpr u64 rounds = 3;

// More important than who rings: on one CPU that would not go on before the next wait.
void wait_and_spin(Doorbell& d)
{
    for (u64 round = 1; round <= rounds; ++round) {
        equals(need(sys::wait(d.bell.borrow())), Bits::at(5));
        const abi::Ticks end = sys::after_ms(2'000);
        while (__atomic_load_n(&d.rung, __ATOMIC_ACQUIRE) < round && sys::now() < end) {}
        d.beside += __atomic_load_n(&d.rung, __ATOMIC_ACQUIRE) == round ? 1 : 0;
    }
}

void ring(Doorbell& d)
{
    works(sys::signal(d.button.borrow(), Bits::at(5)));
    __atomic_store_n(&d.rung, d.rung + 1, __ATOMIC_RELEASE);
}

// Returns when nobody else can run on that CPU.
void until_all_block(u32 cpu)
{
    struct Nothing {
    } nothing;
    const Threaded<Nothing, 2048> last{+[](Nothing&) {}, nothing, 0, cpu};
}

void woken_where_they_slept()
{
    for (u32 cpu = 2; cpu <= need(sys::system_info()).cpus; ++cpu) {
        Doorbell doorbell;
        Threaded<Doorbell> sleeper{&wait_and_spin, doorbell, 20, cpu};
        for (u64 round = 1; round <= rounds; ++round) {
            until_all_block(cpu);
            const Threaded<Doorbell> ringer{&ring, doorbell, 10, 1};
        }
        sleeper.join();
        equals(doorbell.beside, rounds);
    }
}

constexpr std::array cases{
    check::Case{"who waits for ever is woken on its own CPU, and who rings goes on beside it",
                woken_where_they_slept},
};

}  // namespace

const check::Cases bell_cases{cases};
