// bench/blocks.hpp - reads and writes of a disk, as a client process of blkd sees them.
#pragma once

#include "meter.hpp"

#include <block/disk.hpp>
#include <proto/names.hpp>
#include <sys/endpoint.hpp>
#include <sys/session.hpp>

namespace bench {

inline constexpr u32 block_reads_each = 2000;
inline constexpr u32 block_sectors = 8;

// A place that differs from the last ones: a multiplicative walk over the disk.
inline proto::block::Sector random_place(const block::Disk& disk, u64 n)
{
    const u64 blocks = disk.info().capacity.raw() / block_sectors;
    return proto::block::Sector{n * 40503 % blocks * block_sectors};
}

// `depth` requests are always outstanding, in batches: wait() shows the disk all that ended and was
// replaced.
inline Result<> random_reads(block::Disk& disk, u32 depth, u32 count)
{
    u32 sent = 0;
    u32 done = 0;
    const auto send = [&](block::Buffer buffer) {
        const auto place = random_place(disk, sent);
        return disk.read(sent++, place, block_sectors, std::move(buffer));
    };
    while (sent < depth) {
        auto buffer = disk.buffer();
        if (!buffer)
            return fail(buffer.error());
        if (const auto asked = send(std::move(*buffer)); !asked)
            return asked;
    }
    const auto replace = [&](block::Completion ended) -> Result<> {
        if (ended.outcome != Errc::ok)
            return fail(ended.outcome);
        ++done;
        return sent < count ? send(std::move(ended.buffer)) : Result<>{};
    };
    while (done < count) {
        auto first = disk.wait();
        if (!first)
            return fail(first.error());
        if (const auto good = replace(std::move(*first)); !good)
            return good;
        while (auto each = disk.poll())
            if (const auto good = replace(std::move(*each)); !good)
                return good;
    }
    return {};
}

// Runs on an open disk, `n` operations on `bytes` bytes together: what they cost, seen from here
// and by the disk's server.
template <class Work>
Result<> disk_region(block::Disk& disk, std::string_view name, u64 n, u64 bytes, Work work)
{
    const auto before = disk.stats();
    if (!before)
        return fail(before.error());
    Region region{{before->notifies, before->accesses}};
    if (const auto done = work(); !done)
        return done;
    region.stop();
    const auto after = disk.stats();
    if (!after)
        return fail(after.error());
    region.print(name, n, bytes, {after->notifies, after->accesses});
    return {};
}

inline Result<> block_region(const sys::Startup& given, std::string_view name, u32 depth)
{
    block::Disk disk;
    const block::Options options{.depth = depth, .buffers = depth, .buffer_bytes = 4096};
    if (const auto opened = disk.open(given, "null0", options); !opened)
        return opened;
    if (const auto warm = random_reads(disk, depth, depth * 4); !warm)
        return warm;
    return disk_region(disk, name, block_reads_each, u64{block_reads_each} * 4096,
                       [&] { return random_reads(disk, depth, block_reads_each); });
}

// The one request that is outstanding, and its buffer back.
inline Result<block::Buffer> ended(block::Disk& disk)
{
    auto completion = disk.wait();
    if (!completion)
        return fail(completion.error());
    if (completion->outcome != Errc::ok)
        return fail(completion->outcome);
    return std::move(completion->buffer);
}

// One after the other, from the disk's beginning on and round again.
inline Result<> reads_in_order(block::Disk& disk, u32 sectors, u32 count)
{
    auto buffer = disk.buffer();
    const u64 places = disk.info().capacity.raw() / sectors;
    for (u32 n = 0; n < count && buffer; ++n) {
        const proto::block::Sector first{n % places * sectors};
        if (const auto asked = disk.read(n, first, sectors, std::move(*buffer)); !asked)
            return asked;
        buffer = ended(disk);
    }
    return buffer ? Result<>{} : fail(buffer.error());
}

// 4 KiB, and the flush that covers them: two requests an operation, one behind the other.
inline Result<> writes_that_last(block::Disk& disk, u32 count)
{
    auto buffer = disk.buffer();
    for (u32 n = 0; n < count && buffer; ++n) {
        const auto place = random_place(disk, n);
        if (const auto asked = disk.write(n, place, block_sectors, std::move(*buffer)); !asked)
            return asked;
        buffer = ended(disk);
        if (const auto asked = disk.flush(n); !asked)
            return asked;
        if (const auto flushed = ended(disk); !flushed)
            return fail(flushed.error());
    }
    return buffer ? Result<>{} : fail(buffer.error());
}

inline Result<> large_reads(const sys::Startup& given)
{
    constexpr u32 sectors = 2048;
    constexpr u32 count = 64;
    constexpr u32 bytes = sectors * block::sector_bytes;
    block::Disk disk;
    const block::Options options{.depth = 1, .buffers = 1, .buffer_bytes = bytes};
    if (const auto opened = disk.open(given, "null0", options); !opened)
        return opened;
    if (const auto warm = reads_in_order(disk, sectors, 4); !warm)
        return warm;
    return disk_region(disk, "blk.null.seq1m_r.qd1", count, u64{count} * bytes,
                       [&] { return reads_in_order(disk, sectors, count); });
}

inline Result<> lasting_writes(const sys::Startup& given)
{
    constexpr u32 count = 256;
    block::Disk disk;
    const block::Options options{.depth = 1, .buffers = 1, .buffer_bytes = 4096};
    if (const auto opened = disk.open(given, "null0", options); !opened)
        return opened;
    if (const auto warm = writes_that_last(disk, 4); !warm)
        return warm;
    return disk_region(disk, "blk.null.write4k_flush", count, u64{count} * 4096,
                       [&] { return writes_that_last(disk, count); });
}

// The same without a client and its rings: a driver measures itself, and prints.
inline Result<> driver_reads(const sys::Startup& given)
{
    const auto session = sys::connect<proto::names::Connect>(given, "ring0");
    if (!session)
        return fail(session.error());
    const auto reply = sys::call(session->endpoint(), {abi::Header::make(1, 0), {}});
    const Errc status = reply.header.status();
    return status == Errc::ok ? Result<>{} : Result<>{fail(status)};
}

inline Result<> block_reads(const sys::Startup& given)
{
    if (const auto alone = driver_reads(given); !alone)
        return alone;
    if (const auto one = block_region(given, "blk.null.rand4k_r.qd1", 1); !one)
        return one;
    if (const auto many = block_region(given, "blk.null.rand4k_r.qd32", 32); !many)
        return many;
    if (const auto large = large_reads(given); !large)
        return large;
    return lasting_writes(given);
}

}  // namespace bench
