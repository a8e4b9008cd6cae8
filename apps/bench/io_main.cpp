// bench/io_main.cpp - what devices other than disks cost a client: frames, keys, random bytes; what
// the servers hold, and what the death of one costs.

#include "blocks.hpp"
#include "calls.hpp"
#include "frames.hpp"
#include "services.hpp"

namespace {

Result<> measure(const sys::Startup& given)
{
    if (const auto done = bench::resident(given); !done)
        return done;
    if (const auto done = bench::random_reads(given); !done)
        return done;
    if (const auto done = bench::raw_reads(given); !done)
        return done;
    if (const auto done = bench::frames(given); !done)
        return done;
    if (const auto done = bench::keys(given); !done)
        return done;
    return bench::restarts(given);
}

// What another system can do, too (tools/linux): each region in one piece, nobody waits for the
// host but by waiting for its devices.
Result<> compare(const sys::Startup& given)
{
    const auto echo = sys::connect<proto::names::Connect>(given, "echo");
    if (!echo)
        return fail(echo.error());
    bench::null_call();
    bench::call_reply(echo->endpoint(), "ipc.call_reply", 0);
    if (const auto one = bench::block_region(given, "blk.null.rand4k_r.qd1", 1); !one)
        return one;
    if (const auto many = bench::block_region(given, "blk.null.rand4k_r.qd32", 32); !many)
        return many;
    if (const auto large = bench::large_reads(given); !large)
        return large;
    if (const auto random = bench::random_reads(given); !random)
        return random;
    return bench::frames_at_once(given);
}

void boot()
{
    text::Buffer<80> line;
    line.put("RES 1000 boot n=1 ns=").number(sys::nanoseconds(sys::now()));
    sys::out(line.view());
}

}  // namespace

// Argument: "io", or "against" another system.
int app_main(const sys::Startup& given)
{
    bench::mark_hello();
    sys::out("PB-HELLO");
    boot();
    const auto done = given.argument(0) == "against" ? compare(given) : measure(given);
    if (!done)
        sys::log(sys::Level::error, "a benchmark failed", {{"error", done.error()}});
    sys::out("PB-DONE");
    return done ? 0 : 1;
}
