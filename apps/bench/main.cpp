// bench/main.cpp - the benchmarks of kernel and servers, named as in docs/performance.md. Figures
// are instructions per operation; they are exact under -icount on one CPU, and the host tool
// compares them with tests/budgets.toml.

#include "blocks.hpp"
#include "calls.hpp"
#include "irq.hpp"

#include <proto/names.hpp>
#include <sys/endpoint.hpp>
#include <sys/notification.hpp>
#include <sys/session.hpp>

namespace {

using bench::call_reply;
using bench::null_call;
using bench::rounds;

// Nobody waits. A handle to signal, as others have it.
Result<> signal_nobody()
{
    const auto mine = sys::create_notification();
    if (!mine)
        return fail(mine.error());
    const auto bell = sys::doorbell(mine->borrow(), abi::Bits::at(0));
    if (!bell)
        return fail(bell.error());
    bench::Region region;
    for (u64 i = 0; i < rounds; ++i)
        if (const auto done = sys::signal(bell->borrow(), abi::Bits::at(0)); !done)
            return done;
    region.end("ipc.signal", rounds);
    return {};
}

// To a server that sleeps in its receive.
Result<> signal_receive(sys::Borrowed<sys::Endpoint> echo)
{
    const auto in = sys::call(echo, {abi::Header::make(bench::bell_ordinal, 0, 0, 1), {}});
    if (in.header.status() != Errc::ok)
        return fail(in.header.status());
    const sys::Handle<sys::Notification> bell{sys::message_page().handles[0]};
    bench::Region region;
    for (u64 i = 0; i < rounds; ++i)
        if (const auto done = sys::signal(bell.borrow(), abi::Bits::at(0)); !done)
            return done;
    region.end("ipc.signal_recv", rounds);
    return {};
}

struct Sleep {
    u64 exceptions;
    u64 timer_writes;
    u64 irqs;
    u64 instructions;
};

Sleep sleep(sys::Borrowed<sys::Notification> nobody, u64 ms)
{
    const abi::SystemInfo before = *sys::system_info();
    const u32 start = bench::instructions();
    (void)sys::wait(nobody, sys::after_ms(ms));
    const u32 spent = bench::instructions() - start;
    const abi::SystemInfo after = *sys::system_info();
    return {after.exceptions - before.exceptions, after.timer_writes - before.timer_writes,
            after.irqs - before.irqs, spent};
}

// What the one took more than the other; the short one may have seen the end of something earlier.
u64 more(u64 second, u64 little) { return second > little ? second - little : 0; }

// A second in which nobody has anything to do: the events that sleeping so long costs more than
// sleeping for a millisecond does, and all instructions of the sleeper and the kernel.
Result<> idle_second()
{
    const auto nobody = sys::create_notification();
    if (!nobody)
        return fail(nobody.error());
    const Sleep little = sleep(nobody->borrow(), 1);
    const Sleep second = sleep(nobody->borrow(), 1000);
    text::Buffer<160> line;
    line.put("RES 1001 idle.second").field("n", 1UL).field("insn", second.instructions);
    line.field("exceptions", more(second.exceptions, little.exceptions));
    line.field("timer_writes", more(second.timer_writes, little.timer_writes));
    sys::out(line.field("irqs", more(second.irqs, little.irqs)).view());
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
    const auto woken = bench::start_driver(driver->endpoint());
    if (!woken)
        return fail(woken.error());
    if (const auto done = signal_nobody(); !done)
        return done;
    if (const auto done = signal_receive(echo); !done)
        return done;
    if (const auto done = bench::signals(*woken); !done)
        return done;
    if (const auto done = bench::interrupts(*woken); !done)
        return done;
    if (const auto done = sys::signal(woken->bell.borrow(), abi::Bits::at(bench::done_bit)); !done)
        return done;
    return idle_second();
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
