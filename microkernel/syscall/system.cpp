// syscall/system.cpp - log lines, counters, and the end of the run.

#include "checks/invariants.hpp"
#include "console.hpp"
#include "machine.hpp"
#include "syscall/calls.hpp"

#include <abi/syscall.hpp>

namespace kernel {

// x0 address, x1 bytes, x2 stream
Result<> sys_log(Thread& caller)
{
    const u64 bytes = caller.argument(1);
    if (bytes > abi::log_line_bytes)
        return fail(Errc::too_big);
    if (caller.argument(2) > static_cast<u64>(abi::LogStream::out))
        return fail(Errc::bad_argument);
    std::array<char, abi::log_line_bytes> line{};
    const auto copy = std::as_writable_bytes(std::span{line}).first(bytes);
    if (const auto copied = caller.process().space().read(caller.argument(0), copy); !copied)
        return copied;
    const bool out = caller.argument(2) == static_cast<u64>(abi::LogStream::out);
    log_line(caller.process(), out ? " | " : " ", {line.data(), bytes});
    caller.finish();
    return {};
}

Result<> sys_system_info(Thread& caller)
{
    abi::SystemInfo info{};
    describe_system(info);
    to_message(caller, info);
    caller.finish();
    return {};
}

Result<> sys_system_off(Thread& caller)
{
    const auto process = handles(caller).get<Process>(caller.call_slot(), abi::right::system);
    if (!process)
        return fail(process.error());
    if (caller.argument(0) > 255)
        return fail(Errc::out_of_range);
    checks::all();
    if constexpr (traced) {
        text::Buffer<120> fields;
        fields.field("lock_held", u64{lock_held.longest()}).field("by", u64{lock_held.by()});
        fields.field("irqs_masked", u64{irqs_masked.longest()}).field("by", u64{irqs_masked.by()});
        log("info", "longest", fields.view());
    }
    log_verdict(caller.argument(0));
    machine_off();
}

}  // namespace kernel
