// registers.cpp - what is in the registers after a switch to somebody else and back.
#include "cases.hpp"
#include "served.hpp"

#include <check/raw.hpp>

extern "C" void check_spin(u64* registers, const u32* stop);

namespace {

using check::Ask;
using check::equals;
using check::need;
using check::that;
using served::letter;
using served::Service;

void kept_and_cleared(const check::RawRegisters& before, const check::RawRegisters& after)
{
    for (usize i = 19; i < after.x.size(); ++i)
        equals(after.x[i], before.x[i]);
    equals(after.x[8], 0);
    for (usize i = 11; i <= 18; ++i)
        equals(after.x[i], 0);
}

void a_call_and_back()
{
    const Service service;
    (void)served::ask(service, letter(Ask::echo, 0));  // now it waits
    for (const abi::Ticks deadline : {check::patience(), abi::never}) {
        auto in = check::pattern();
        in.x[0] = letter(Ask::echo, 56).header.raw;
        in.x[9] = deadline.raw();
        const auto out = check::raw_call(abi::Syscall::call, service.client.slot(), in);
        equals(check::raw_error(out), Errc::ok);
        for (usize i = 1; i < 8; ++i)
            equals(out.x[i], in.x[i]);
        kept_and_cleared(in, out);
    }
}

// What blocks and fails shows nothing of those who ran meanwhile either.
void a_wait_that_ends()
{
    const auto endpoint = need(sys::create_endpoint());
    const auto bell = need(sys::create_notification());
    auto in = check::pattern();
    in.x[0] = 0;
    in.x[9] = sys::after_ms(2).raw();
    const auto received = check::raw_call(abi::Syscall::recv, endpoint.slot(), in);
    equals(check::raw_error(received), Errc::timed_out);
    equals(received.x[9], 0);
    equals(received.x[10], 0);
    kept_and_cleared(in, received);
    in.x[9] = sys::after_ms(2).raw();
    const auto waited = check::raw_call(abi::Syscall::wait, bell.slot(), in);
    equals(check::raw_error(waited), Errc::timed_out);
    equals(waited.x[10], 0);
    kept_and_cleared(in, waited);
}

// The short ways through the kernel check x8 as the long ones do.
void junk_in_x8()
{
    const Service service;
    const auto bell = need(sys::create_notification());
    const auto endpoint = need(sys::create_endpoint());
    struct Way {
        abi::Syscall call;
        abi::Slot about;
    };
    for (unsigned n = 53; n < 64; ++n)
        for (const Way way :
             {Way{abi::Syscall::call, service.client.slot()},
              Way{abi::Syscall::signal, bell.slot()}, Way{abi::Syscall::recv, endpoint.slot()},
              Way{abi::Syscall::reply_recv, endpoint.slot()}}) {
            (void)served::ask(service, letter(Ask::echo, 0));
            check::RawRegisters in{};
            in.x[0] = way.call == abi::Syscall::call ? letter(Ask::echo, 0).header.raw : 1;
            in.x[8] = sys::call_word(way.call, way.about) | u64{1} << n;
            in.x[9] = way.call == abi::Syscall::call ? abi::never.raw() : abi::now.raw();
            check::check_raw_call(&in);
            equals(check::raw_error(in), Errc::not_supported);
        }
    check::fails(sys::wait(bell.borrow(), abi::now), Errc::timed_out);  // nothing was signalled
}

constexpr usize words = 30;
constexpr u64 all_flags = 0xf000'0000;

struct Spinner {
    std::array<u64, words> registers{};
    u32 stop = 0;
};

void spin(Spinner& s) { check_spin(s.registers.data(), &s.stop); }

// Four threads with a pattern of their own in every register are preempted again and again.
void preempted_threads_keep_all()
{
    std::array<Spinner, 4> spinners;
    std::array<std::optional<check::Threaded<Spinner>>, 4> threads;
    for (u64 t = 0; t < spinners.size(); ++t) {
        for (u64 i = 0; i < words; ++i)
            spinners[t].registers[i] = (t + 1) << 32 | i << 8 | t;
        spinners[t].registers[28] = t << 28 & all_flags;
        threads[t].emplace(&spin, spinners[t], 20);
    }
    check::sleep_ms(60);
    for (Spinner& spinner : spinners)
        __atomic_store_n(&spinner.stop, u32{1}, __ATOMIC_RELAXED);
    for (auto& thread : threads)
        thread->join();
    for (u64 t = 0; t < spinners.size(); ++t) {
        for (u64 i = 0; i < 28; ++i)
            equals(spinners[t].registers[i], (t + 1) << 32 | i << 8 | t);
        equals(spinners[t].registers[28], t << 28 & all_flags);
    }
}

void wait_for_ever(sys::Handle<sys::Notification>& bell)
{
    while (!need(sys::wait(bell.borrow())).any(abi::Bits::at(1)))
        continue;
}

// It was preempted, and goes on when another thread waits without a deadline.
void preempted_and_handed_on()
{
    Spinner spinner;
    for (u64 i = 0; i < 28; ++i)
        spinner.registers[i] = u64{7} << 32 | i << 8;
    auto bell = need(sys::create_notification());
    check::Threaded<sys::Handle<sys::Notification>> waiter{&wait_for_ever, bell, 25};
    check::Threaded<Spinner> thread{&spin, spinner, 20};
    for (int round = 0; round < 20; ++round) {
        check::sleep_ms(1);
        need(sys::signal(bell.borrow(), abi::Bits::at(0)));
    }
    need(sys::signal(bell.borrow(), abi::Bits::at(1)));
    waiter.join();
    __atomic_store_n(&spinner.stop, u32{1}, __ATOMIC_RELAXED);
    thread.join();
    for (u64 i = 0; i < 28; ++i)
        equals(spinner.registers[i], u64{7} << 32 | i << 8);
}

constexpr std::array cases{
    check::Case{"a call preserves x19 to x28 and shows nothing in x8 and x11 to x18",
                a_call_and_back},
    check::Case{"junk in the unused bits of x8 is refused on the short ways too", junk_in_x8},
    check::Case{"a wait that ends by its deadline shows nothing either", a_wait_that_ends},
    check::Case{"a thread that is preempted keeps every register and the flags",
                preempted_threads_keep_all},
    check::Case{"a thread that was preempted keeps every register when another waits",
                preempted_and_handed_on},
};

}  // namespace

const check::Cases register_cases{cases};
