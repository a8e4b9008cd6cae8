// copy/main.cpp - copies one half of scratch0 onto the other, eight pieces at once, and compares:
// coroutines over the asynchronous core, each a loop that reads as if it were alone.
#include <algorithm>

#include <block/tasks.hpp>
#include <sys/log.hpp>
#include <sys/startup.hpp>

namespace {

using block::Sector;

constexpr u32 piece_sectors = 64;
constexpr u64 pieces = 32;
constexpr u32 copiers = 8;

struct Progress {
    u64 next = 0;
    Errc worst = Errc::ok;
};

block::Task copy(block::Tasks& io, Progress& progress)
{
    while (progress.next != pieces) {
        const Sector from{progress.next * piece_sectors};
        const Sector to{(pieces + progress.next++) * piece_sectors};
        auto done = co_await io.read(from, piece_sectors, co_await io.buffer());
        if (done.outcome == Errc::ok)
            done = co_await io.write_fua(to, piece_sectors, std::move(done.buffer));
        auto again = co_await io.read(to, piece_sectors, co_await io.buffer());
        if (done.outcome != Errc::ok || again.outcome != Errc::ok)
            progress.worst = std::max(done.outcome, again.outcome);
        else if (!std::ranges::equal(done.buffer.bytes(), again.buffer.bytes()))
            progress.worst = Errc::malformed;
    }
}

}  // namespace

Result<> run(const sys::Startup& given)
{
    block::Disk disk;
    constexpr u32 bytes = piece_sectors * block::sector_bytes;
    const block::Options options{.depth = 4, .buffers = 2 * copiers, .buffer_bytes = bytes};
    if (const auto opened = disk.open(given, "scratch0", options); !opened)
        return opened;
    static constinit std::optional<block::Tasks> io;
    io.emplace(disk);
    Progress progress;
    for (u32 i = 0; i < copiers; ++i)
        if (!copy(*io, progress).began())
            return fail(Errc::no_memory);
    if (const auto done = io->run(); !done || progress.worst != Errc::ok)
        return done ? fail(progress.worst) : done;
    sys::out("copy: 1 MiB, the same");
    return {};
}
