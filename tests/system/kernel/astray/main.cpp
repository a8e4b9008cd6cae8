// astray/main.cpp - makes the checked kernel branch where it must not (microkernel/checks).
#include <check/refusal.hpp>
#include <sys/startup.hpp>

int app_main(const sys::Startup&)
{
    constexpr u64 astray = 255;
    check::RawRegisters in;
    in.x[10] = check::refuse(astray);
    const auto out = check::raw_call(abi::Syscall::handle_info, abi::no_slot, in);
    return check::raw_error(out) == Errc::bad_handle ? 0 : 1;
}
