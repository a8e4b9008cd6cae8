// registers/doorbells.cpp - signals through a handle that is good for nothing else, which go the
// shortest way, and whom they wake: what either finds in its registers.
#include "cases.hpp"

#include <check/raw.hpp>
#include <check/threads.hpp>
#include <sys/endpoint.hpp>

namespace {

using abi::Syscall;
using check::equals;
using check::need;
using check::RawRegisters;
using check::that;
using check::works;

constexpr u64 mine = 0x1122'3344'0000'0000;
constexpr u64 others = 0x5ec2'e75e'0000'0000;

// A destroyed register is zero, or as it was.
void nothing_of_others(const RawRegisters& before,
                       const RawRegisters& after,
                       const check::Where& where = check::Where::current())
{
    for (usize i = 1; i <= 9; ++i)
        that(after.x[i] == 0 || after.x[i] == before.x[i], "one of x1..x9 shows something", where);
    for (usize i = 11; i <= 18; ++i)
        equals(after.x[i], 0, where);
    for (usize i = 19; i < after.x.size(); ++i)
        equals(after.x[i], before.x[i], where);
}

struct Bell {
    sys::Handle<sys::Notification> bell = need(sys::create_notification());
    sys::Handle<sys::Notification> button = need(sys::doorbell(bell.borrow(), abi::Bits{~u64{0}}));
    sys::Handle<sys::Notification> go = need(sys::create_notification());
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> receiver =
        need(sys::duplicate(endpoint.borrow(), abi::right::receive));
};

// With another pattern than who sleeps. Twice: the second time the kernel knows the handle.
void ring(Bell& b)
{
    for (int i = 0; i < 2; ++i) {
        RawRegisters before = check::pattern(others);
        before.x[8] = sys::call_word(Syscall::signal, b.button.slot());
        RawRegisters after = before;
        check::check_raw_call(&after);
        equals(after.x[0], 0);
        that(after.x[10] == 0 || after.x[10] == before.x[10], "x10 shows something");
        nothing_of_others(before, after);
    }
}

void nobody_waits()
{
    Bell b;
    ring(b);
    equals(need(sys::wait(b.bell.borrow(), abi::now)).raw, others);
}

void bind_and_wait_elsewhere(Bell& b)
{
    works(sys::bind(b.bell.borrow()));
    need(sys::wait(b.go.borrow(), check::patience()));
}

void bound_and_elsewhere()
{
    Bell b;
    check::Threaded<Bell> thread{&bind_and_wait_elsewhere, b};
    check::until_others_block();
    ring(b);
    works(sys::signal(b.go.borrow(), abi::Bits::at(0)));
}

// Without a deadline, until somebody less important rings.
void sleep_in(Syscall call, abi::Slot about)
{
    RawRegisters before = check::pattern(mine);
    before.x[0] = 0;
    before.x[8] = sys::call_word(call, about);
    before.x[9] = abi::never.raw();
    RawRegisters after = before;
    check::check_raw_call(&after);
    equals(after.x[0], 0);
    equals(after.x[10], others);
    nothing_of_others(before, after);
    if (call == Syscall::recv)
        equals(after.x[9], 0);
}

void woken_waiter()
{
    Bell b;
    const check::Threaded<Bell> thread{&ring, b, 20};
    sleep_in(Syscall::wait, b.bell.slot());
    sleep_in(Syscall::wait, b.bell.slot());
}

void bind_and_receive(Bell& b)
{
    works(sys::bind(b.bell.borrow()));
    sleep_in(Syscall::recv, b.receiver.slot());
    sleep_in(Syscall::recv, b.receiver.slot());
}

void woken_receiver()
{
    Bell b;
    check::Threaded<Bell> thread{&bind_and_receive, b};
    check::until_others_block();
    check::Threaded<Bell> ringer{&ring, b, 20};
    ringer.join();
    thread.join();
}

constexpr std::array cases{
    check::Case{"a doorbell that nobody waits for shows nothing to who rings", nobody_waits},
    check::Case{"a doorbell of a thread that waits elsewhere shows nothing to who rings",
                bound_and_elsewhere},
    check::Case{"a wait that a doorbell ends shows nothing of who rings", woken_waiter},
    check::Case{"a receive that a doorbell ends shows nothing of who rings", woken_receiver},
};

}  // namespace

const check::Cases doorbell_cases{cases};
