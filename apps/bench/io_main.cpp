// bench/io_main.cpp - what devices other than disks cost a client: frames, keys, random bytes; what
// the servers hold, and what the death of one costs.

#include "frames.hpp"
#include "services.hpp"

namespace {

Result<> measure(const sys::Startup& given)
{
    if (const auto done = bench::resident(given); !done)
        return done;
    if (const auto done = bench::random_reads(given); !done)
        return done;
    if (const auto done = bench::frames(given); !done)
        return done;
    if (const auto done = bench::keys(given); !done)
        return done;
    return bench::restarts(given);
}

}  // namespace

int app_main(const sys::Startup& given)
{
    bench::mark_hello();
    sys::out("PB-HELLO");
    const auto done = measure(given);
    if (!done)
        sys::log(sys::Level::error, "a benchmark failed", {{"error", done.error()}});
    sys::out("PB-DONE");
    return done ? 0 : 1;
}
