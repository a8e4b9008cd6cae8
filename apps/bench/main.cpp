// bench/main.cpp - the benchmarks of kernel and servers, named as in docs/performance.md. Figures
// are instructions per operation; they are exact under -icount on one CPU, and the host tool
// compares them with tests/budgets.toml.

#include "blocks.hpp"
#include "echo.hpp"
#include "irq.hpp"
#include "meter.hpp"

#include <proto/names.hpp>
#include <sys/endpoint.hpp>
#include <sys/notification.hpp>
#include <sys/session.hpp>

namespace {

constexpr u64 rounds = 1000;

void null_call()
{
    bench::Region region;
    for (u64 i = 0; i < rounds; ++i)
        asm volatile("mov x8, xzr\n svc #0" ::
                         : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
                           "x12", "x13", "x14", "x15", "x16", "x17", "x18", "memory");
    region.end("sys.null", rounds);
}

void call_reply(sys::Borrowed<sys::Endpoint> echo, std::string_view name, u64 bytes)
{
    const sys::Letter letter{abi::Header::make(bench::echo_ordinal, bytes), {1, 2, 3, 4, 5, 6, 7}};
    (void)sys::call(echo, letter);
    bench::Region region;
    for (u64 i = 0; i < rounds; ++i)
        (void)sys::call(echo, letter);
    region.end(name, rounds, rounds * bytes);
}

Result<> signal_wait(sys::Borrowed<sys::Endpoint> echo)
{
    const auto in = sys::call(echo, {abi::Header::make(bench::bell_ordinal, 0, 0, 1), {}});
    if (in.header.status() != Errc::ok)
        return fail(in.header.status());
    const sys::Handle<sys::Notification> bell{sys::message_page().handles[0]};
    bench::Region region;
    for (u64 i = 0; i < rounds; ++i)
        if (const auto done = sys::signal(bell.borrow(), abi::Bits::at(0)); !done)
            return done;
    region.end("ipc.signal_wait", rounds);
    return {};
}

// What it took until every server was ready, and what they hold.
void boot()
{
    const abi::SystemInfo info = *sys::system_info();
    text::Buffer<160> line;
    line.put("RES 1000 boot n=1 ns=").number(sys::nanoseconds(sys::now()));
    line.field("bytes", info.kernel_bytes + (info.frames_total - info.frames_free) * page_bytes);
    line.field("insn", u64{bench::instructions()}).field("exceptions", info.exceptions);
    line.field("switches", info.switches).field("notifies", 0UL).field("irqs", info.irqs);
    sys::out(line.field("mmio", 0UL).view());
}

Result<> kernel_paths(const sys::Startup& given)
{
    const auto session = sys::connect<proto::names::Connect>(given, "echo");
    const auto driver = sys::connect<proto::names::Connect>(given, "irq0");
    if (!session || !driver)
        return fail(session ? driver.error() : session.error());
    const auto echo = session->endpoint();
    null_call();
    call_reply(echo, "ipc.call_reply", 0);
    call_reply(echo, "ipc.call_reply.w4", 32);
    call_reply(echo, "ipc.call_reply.w7", 56);
    call_reply(echo, "ipc.call_reply.long", 512);
    if (const auto signalled = signal_wait(echo); !signalled)
        return signalled;
    return bench::interrupts(driver->endpoint());
}

}  // namespace

// Argument: "cpu" (no I/O: exact counts with -icount sleep=off) or "blk".
int app_main(const sys::Startup& given)
{
    boot();
    bench::mark_hello();
    sys::out("PB-HELLO");
    const auto done = given.argument(0) == "blk" ? bench::block_reads(given) : kernel_paths(given);
    if (!done)
        sys::log(sys::Level::error, "a benchmark failed", {{"error", done.error()}});
    sys::out("PB-DONE");
    return done ? 0 : 1;
}
