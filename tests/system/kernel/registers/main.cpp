// registers/main.cpp - whoever comes back from the kernel finds what the call's contract says, and
// nothing that was another's: the others have a pattern in every register, and other flags.
#include "cases.hpp"

#include <check/actor.hpp>
#include <check/child.hpp>
#include <check/raw.hpp>
#include <check/threads.hpp>

extern "C" u64 check_flagged_call(check::RawRegisters* registers, u64 nzcv);
extern "C" void check_new_thread();

namespace {

using abi::Syscall;
using check::equals;
using check::need;
using check::RawRegisters;

constexpr u64 my_flags = 0xa000'0000;
constexpr u64 other_flags = 0x5000'0000;
constexpr u64 mine = 0x1122'3344'0000'0000;
constexpr u64 others = 0x5ec2'e75e'0000'0000;

// A call with a pattern wherever it means nothing.
RawRegisters make_call(Syscall call,
                       abi::Slot about,
                       u64 x0,
                       u64 x1,
                       u64 x2,
                       abi::Ticks deadline,
                       u64 seed = mine,
                       u64 flags = my_flags)
{
    RawRegisters r = check::pattern(seed);
    r.x[0] = x0;
    r.x[1] = x1;
    r.x[2] = x2;
    r.x[8] = sys::call_word(call, about);
    r.x[9] = deadline.raw();
    equals(check_flagged_call(&r, flags), flags);
    return r;
}

void nothing_of_others(const RawRegisters& after, const check::Where& where)
{
    const RawRegisters before = check::pattern(mine);
    equals(after.x[8], 0, where);
    for (usize i = 11; i <= 18; ++i)
        equals(after.x[i], 0, where);
    for (usize i = 19; i < after.x.size(); ++i)
        equals(after.x[i], before.x[i], where);
}

constexpr u64 empty_header = abi::Header::make(1, 0).raw;

// This thread waits in `call`; another one ends the wait by what `other` does, with its pattern.
struct Pair {
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> client = need(sys::mint(endpoint.borrow(), 5));
    sys::Handle<sys::Notification> bell = need(sys::create_notification());
    sys::Handle<sys::Notification> go = need(sys::create_notification());
};

void signals(Pair& p)
{
    (void)make_call(Syscall::signal, p.bell.slot(), 1, others, others, abi::never, others,
                    other_flags);
}
// Nobody answers: it is gone when the other thread goes on.
void calls(Pair& p)
{
    (void)make_call(Syscall::call, p.client.slot(), empty_header, others, others, sys::after_ms(20),
                    others, other_flags);
}
void replies(Pair& p)
{
    (void)make_call(Syscall::recv, p.endpoint.slot(), 0, others, others, check::patience(), others,
                    other_flags);
    (void)make_call(Syscall::reply, abi::no_slot, empty_header, others, others, abi::never, others,
                    other_flags);
}

// The other thread is less important: it runs when this one waits.
void woken_by(void (*other)(Pair&),
              Pair& pair,
              Syscall call,
              abi::Slot about,
              u64 x0,
              u64 x1,
              u64 x2,
              const check::Where& where = check::Where::current())
{
    const check::Threaded<Pair> thread{other, pair, 20};
    nothing_of_others(make_call(call, about, x0, x1, x2, check::patience()), where);
}

void after_waits()
{
    Pair p;
    woken_by(signals, p, Syscall::wait, p.bell.slot(), 0, 0, 0);
    woken_by(signals, p, Syscall::signal_wait, p.bell.slot(), p.go.slot().raw(), 1, 0);
    equals(need(sys::wait(p.go.borrow(), abi::now)), abi::Bits::at(0));
}

void after_calls()
{
    Pair p;
    woken_by(replies, p, Syscall::call, p.client.slot(), empty_header, 0, 0);
}

void after_receives()
{
    Pair p;
    woken_by(calls, p, Syscall::recv, p.endpoint.slot(), 0, 0, 0);
    woken_by(calls, p, Syscall::reply_recv, p.endpoint.slot(), empty_header, 0, 0);
    woken_by(calls, p, Syscall::signal_recv, p.endpoint.slot(), 0, p.go.slot().raw(), 1);
}

// Ends of waits that an interrupt brings: the timer's.
void after_deadlines()
{
    Pair p;
    const auto soon = [] { return sys::after_ms(1); };
    const auto here = check::Where::current();
    nothing_of_others(make_call(Syscall::wait, p.bell.slot(), 0, 0, 0, soon()), here);
    nothing_of_others(make_call(Syscall::recv, p.endpoint.slot(), 0, 0, 0, soon()), here);
    nothing_of_others(make_call(Syscall::call, p.client.slot(), empty_header, 0, 0, soon()), here);
}

// Calls that only look, and ones that fail.
void after_others()
{
    Pair p;
    const auto here = check::Where::current();
    const auto look = [&](Syscall call, abi::Slot about) {
        nothing_of_others(make_call(call, about, 0, 0, 0, abi::now), here);
    };
    look(Syscall::signal, p.bell.slot());
    look(Syscall::handle_info, p.bell.slot());
    look(Syscall::memory_create, abi::no_slot);
    look(Syscall::endpoint_info, p.endpoint.slot());
    look(Syscall::process_info, check::self().slot);
    look(Syscall::system_info, abi::no_slot);
    look(Syscall::close, abi::no_slot);
    look(Syscall::wait, p.bell.slot());
}

// x0 is its argument, x1 its message page; it got the frame of a thread that had a pattern.
void in_a_new_thread()
{
    constexpr usize words = 32;
    struct alignas(16) Stack {
        std::array<u64, words> registers{};
    };
    Pair p;
    signals(p);
    for (u64 argument = 1; argument < 4; ++argument) {
        Stack stack;
        stack.registers.fill(others);
        const auto thread = need(
            sys::create_thread(check::self(), VirtAddr{std::bit_cast<u64>(&check_new_thread)},
                               VirtAddr{std::bit_cast<u64>(&stack) + sizeof(stack)}, argument, 20));
        check::until_others_block();
        const auto& seen = stack.registers;
        equals(seen[0], argument);
        check::that(seen[1] >= abi::message_base && seen[1] < abi::user_end, "no message page");
        for (usize i = 2; i < words; ++i)
            equals(seen[i], 0);
    }
}

constexpr std::array cases{
    check::Case{"a wait that a signal ends shows nothing of who signalled", after_waits},
    check::Case{"a call that is answered shows nothing of its server", after_calls},
    check::Case{"a receive that a call ends shows nothing of the caller", after_receives},
    check::Case{"a wait that its deadline ends shows nothing of others", after_deadlines},
    check::Case{"calls that do not wait show nothing and keep the flags", after_others},
    check::Case{"a new thread finds zeroes in its registers and flags", in_a_new_thread},
};

}  // namespace

int app_main(const sys::Startup& given) { return check::run(given, {cases, doorbell_cases}); }
