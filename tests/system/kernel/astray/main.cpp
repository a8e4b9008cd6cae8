// astray/main.cpp - has the checked kernel make a mistake (Mistake in microkernel/checks): the
// argument says which. Where the CPU does not see it the call goes on.
#include <base/text.hpp>
#include <check/refusal.hpp>
#include <sys/startup.hpp>

int app_main(const sys::Startup& given)
{
    constexpr u64 freed = 253;
    check::RawRegisters in;
    in.x[10] = check::refuse(freed + static_cast<u64>(given.argument(0)[0] - '0'));
    const auto out = check::raw_call(abi::Syscall::handle_info, abi::no_slot, in);
    return check::raw_error(out) == Errc::bad_handle ? 0 : 1;
}
