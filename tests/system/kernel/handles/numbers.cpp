// numbers.cpp - calls that do not exist, and what every call leaves in the registers.
#include "cases.hpp"

#include <check/raw.hpp>
#include <sys/endpoint.hpp>
#include <sys/notification.hpp>

namespace {

using check::equals;
using check::need;

void unknown_numbers()
{
    for (u64 number = abi::syscall_count; number < 256; ++number) {
        check::RawRegisters in = check::pattern();
        in.x[8] = number;
        check::check_raw_call(&in);
        equals(check::raw_error(in), Errc::not_supported);
    }
}

void preserved(const check::RawRegisters& before, const check::RawRegisters& after)
{
    for (usize i = 19; i < after.x.size(); ++i)
        equals(after.x[i], before.x[i]);
}

// What a call destroys holds nothing of the kernel's.
void cleared(const check::RawRegisters& after)
{
    equals(after.x[8], 0);
    for (usize i = 11; i <= 18; ++i)
        equals(after.x[i], 0);
}

void registers_of_a_call()
{
    const auto handle = need(sys::create_notification());
    const auto in = check::pattern();
    const auto good = check::raw_call(abi::Syscall::signal, handle.slot(), in);
    equals(good.x[0], 0);
    preserved(in, good);
    cleared(good);
    const auto bad = check::raw_call(abi::Syscall::signal, abi::no_slot, in);
    equals(check::raw_error(bad), Errc::bad_handle);
    preserved(in, bad);
    cleared(bad);
}

// A failure is a number in x0, with nothing above the low half.
void a_failure_fills_x0_only()
{
    auto in = check::pattern();
    in.x[8] = 200;
    check::check_raw_call(&in);
    equals(in.x[0], u64{95});
}

void the_null_call_tells_nothing()
{
    auto in = check::pattern();
    const auto before = in;
    in.x[8] = 0;
    check::check_raw_call(&in);
    equals(in.x[0], 0);
    for (usize i = 1; i < 8; ++i)
        equals(in.x[i], before.x[i]);
    preserved(before, in);
    equals(in.x[9], 0);
    check::that(in.x[10] == 0 || in.x[10] == before.x[10], "x10 holds something of the kernel's");
}

void the_null_call_ignores_a_handle()
{
    check::RawRegisters in{};
    in.x[8] = abi::CallSlot::make(12345);
    check::check_raw_call(&in);
    equals(in.x[0], 0);
}

constexpr std::array cases{
    check::Case{"a call number that nobody knows is refused", unknown_numbers},
    check::Case{"a call preserves x19 to x28 and leaves nothing in x8 and x11 to x18",
                registers_of_a_call},
    check::Case{"a failure fills x0 with its number and nothing else", a_failure_fills_x0_only},
    check::Case{"the null call leaves nothing of the kernel's in a register",
                the_null_call_tells_nothing},
    check::Case{"the null call ignores the handle bits", the_null_call_ignores_a_handle},
};

}  // namespace

const check::Cases number_cases{cases};
