// bench/blocks.hpp - 4 KiB reads at random places, as a client process of blkd sees them.
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

inline Result<> block_region(const sys::Startup& given, std::string_view name, u32 depth)
{
    block::Disk disk;
    const block::Options options{.depth = depth, .buffers = depth, .buffer_bytes = 4096};
    if (const auto opened = disk.open(given, "null0", options); !opened)
        return opened;
    if (const auto warm = random_reads(disk, depth, depth * 4); !warm)
        return warm;
    const auto before = disk.stats();
    if (!before)
        return fail(before.error());
    Region region{{before->notifies, before->accesses}};
    if (const auto done = random_reads(disk, depth, block_reads_each); !done)
        return done;
    region.stop();
    const auto after = disk.stats();
    if (!after)
        return fail(after.error());
    region.print(name, block_reads_each, u64{block_reads_each} * 4096,
                 {after->notifies, after->accesses});
    return {};
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
    return block_region(given, "blk.null.rand4k_r.qd32", 32);
}

}  // namespace bench
