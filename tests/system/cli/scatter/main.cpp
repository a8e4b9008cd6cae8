// scatter/main.cpp - for each argument, a disk: reads 256 pieces of 4 KiB, scattered over its first
// MiB, always 32 in flight, and says which failed. The disk holds the pattern of seed 2026.
//
//     disk0: 256 reads, 32 in flight, 1 failed, 0 wrong
//     disk0: sector 1000: device_fault
#include <block/disk.hpp>
#include <block/pattern.hpp>
#include <sys/log.hpp>

namespace {

constexpr u64 seed = 2026;
constexpr u32 in_flight = 32;
constexpr u32 piece_bytes = 4096;
constexpr u32 piece_sectors = piece_bytes / block::sector_bytes;
constexpr u64 pieces = 256;

// Odd, so that every piece has its turn; neighbours are far apart in time.
constexpr u64 stride = 97;
constexpr u64 sector_of(u64 turn) { return turn * stride % pieces * piece_sectors; }

struct Tally {
    u32 most_in_flight = 0;
    u32 failed = 0;
    u32 wrong = 0;
};

void look_at(std::string_view disk, const block::Completion& done, Tally& tally)
{
    text::Buffer<120> line;
    line.put(disk).put(": sector ").number(done.tag).put(": ");
    if (done.outcome != Errc::ok) {
        ++tally.failed;
        sys::out(line.put(sys::error_name(done.outcome)).view());
    } else if (block::pattern::mismatch(done.buffer.bytes(), seed, done.tag)) {
        ++tally.wrong;
        sys::out(line.put("not what the disk holds").view());
    }
}

Result<Tally> read_all(std::string_view name, block::Disk& disk)
{
    Tally tally;
    for (u64 sent = 0, returned = 0; returned < pieces; ++returned) {
        for (; sent < pieces && disk.outstanding() < in_flight; ++sent) {
            auto buffer = disk.buffer();
            if (!buffer)
                return fail(buffer.error());
            const u64 sector = sector_of(sent);
            const auto good =
                disk.read(sector, block::Sector{sector}, piece_sectors, std::move(*buffer));
            if (!good)
                return fail(good.error());
        }
        tally.most_in_flight = std::max(tally.most_in_flight, disk.outstanding());
        const auto done = disk.wait();
        if (!done)
            return fail(done.error());
        look_at(name, *done, tally);
    }
    return tally;
}

Result<Tally> scatter(const sys::Startup& given, std::string_view name)
{
    block::Disk disk;
    const block::Options options{
        .depth = in_flight, .buffers = in_flight, .buffer_bytes = piece_bytes};
    if (const auto opened = disk.open(given, name, options); !opened)
        return fail(opened.error());
    return read_all(name, disk);
}

}  // namespace

int app_main(const sys::Startup& given)
{
    int status = 0;
    for (u32 i = 0; i < given.argument_count(); ++i) {
        const auto name = given.argument(i);
        text::Buffer<160> line;
        line.put(name).put(": ");
        const auto tally = scatter(given, name);
        if (!tally) {
            sys::out(line.put("stopped: ").put(sys::error_name(tally.error())).view());
            return 2;
        }
        line.number(pieces).put(" reads, ").number(tally->most_in_flight).put(" in flight, ");
        sys::out(
            line.number(tally->failed).put(" failed, ").number(tally->wrong).put(" wrong").view());
        if (tally->failed != 0 || tally->wrong != 0)
            status = 1;
    }
    return status;
}
