// blkd/admit.hpp - what a client may ask. Pure; the only door from a submission to the device.
#pragma once

#include <algorithm>

#include <base/bits.hpp>
#include <proto/block.hpp>

namespace blkd {

namespace block = proto::block;

constexpr u64 bytes_of(const block::Submission& asked)
{
    return u64{asked.count} * block::sector_bytes;
}

// What of a disk is shared out: requests, and what one moves beyond this many sectors counts as
// more of them. So nobody waits for more bytes of others, however large their requests are.
inline constexpr u32 unit_sectors = 64;

constexpr bool is_light(const block::Submission& asked)
{
    return asked.op <= block::Op::write && asked.count <= unit_sectors;
}
// Beyond the first one; of a read or write that was admitted.
constexpr u32 extra_units(const block::Submission& asked)
{
    return (asked.count - 1) / unit_sectors;
}

// The sectors of the disk that a session reaches. It may end beyond the disk, which can shrink.
struct Window {
    block::Sector first;
    u64 count;  // 0: all to the end

    constexpr block::Sector sectors(block::Sector disk) const
    {
        const u64 left = disk.raw() - std::min(first.raw(), disk.raw());
        return block::Sector{count == 0 ? left : std::min(count, left)};
    }
    // Whether it can be one, of a disk of such blocks.
    constexpr bool good(u32 block_sectors) const
    {
        constexpr u64 most = ~u64{0} / block::sector_bytes;
        return ((first.raw() | count) & (block_sectors - 1)) == 0 && fits(first.raw(), count, most);
    }
};

// What holds for every request of one session.
struct Limits {
    block::Sector capacity;  // of the window
    u32 block_sectors;       // of a logical block; a power of two
    u32 max_bytes;           // of one request
    u32 buffer_bytes;
    bool read_only;
    u32 max_discard;       // sectors; 0: there is none
    u32 max_write_zeroes;  // the same
    Window window{};
};

// Sectors that are whole blocks, on the disk. No check can overflow, whatever the client wrote.
constexpr block::Status admit_range(const block::Submission& asked, const Limits& limits)
{
    if (asked.count == 0 || ((asked.first.raw() | asked.count) & (limits.block_sectors - 1)) != 0)
        return block::Status::malformed;
    return fits(asked.first.raw(), asked.count, limits.capacity.raw())
               ? block::Status::ok
               : block::Status::out_of_range;
}

// The data are in the buffer.
constexpr block::Status admit_data(const block::Submission& asked, const Limits& limits)
{
    const bool good = bytes_of(asked) <= limits.max_bytes && asked.offset % block::sector_bytes == 0
                      && fits(asked.offset, bytes_of(asked), limits.buffer_bytes);
    return good ? block::Status::ok : block::Status::malformed;
}

// A range without data, `most` sectors of it.
constexpr block::Status
admit_without_data(const block::Submission& asked, const Limits& limits, u32 most)
{
    if (most == 0)
        return block::Status::not_supported;
    if (asked.offset != 0 || asked.count > most)
        return block::Status::malformed;
    return admit_range(asked, limits);
}

// What is neither read nor write.
[[gnu::cold, gnu::noinline]] constexpr block::Status admit_rare(const block::Submission& asked,
                                                                const Limits& limits)
{
    using block::Op;
    using block::Status;

    if (block::changes(asked.op) && limits.read_only)
        return Status::read_only;
    switch (asked.op) {
    case Op::flush:
        return asked.first.raw() == 0 && asked.count == 0 && asked.offset == 0 ? Status::ok
                                                                               : Status::malformed;
    case Op::get_id:
        return asked.first.raw() == 0 && asked.count == 1 ? admit_data(asked, limits)
                                                          : Status::malformed;
    case Op::write_fua: {
        const Status range = admit_range(asked, limits);
        return range == Status::ok ? admit_data(asked, limits) : range;
    }
    case Op::discard:
        return admit_without_data(asked, limits, limits.max_discard);
    case Op::write_zeroes:
    case Op::write_zeroes_unmap:
        return admit_without_data(asked, limits, limits.max_write_zeroes);
    case Op::read:
    case Op::write:
        break;
    }
    return Status::malformed;
}

// `asked` is a private copy already. Whether it may go to the device as it is: its sectors are on
// the disk, its bytes in the buffer.
constexpr block::Status admit(const block::Submission& asked, const Limits& limits)
{
    using block::Op;
    using block::Status;

    if (asked.op != Op::read && asked.op != Op::write) [[unlikely]]
        return admit_rare(block::Submission{asked}, limits);  // a copy: `asked` stays in registers
    if (asked.op == Op::write && limits.read_only)
        return Status::read_only;
    const Status range = admit_range(asked, limits);
    return range == Status::ok ? admit_data(asked, limits) : range;
}

// What nearly every request is, found out in a few comparisons: a light read or write, in a buffer
// in one piece. Whatever holds is admitted; what does not, admit() has to say.
struct Usual {
    u64 bits = ~u64{0};  // that neither a sector nor a number of them may have
    u64 end = 0;         // in sectors
    u64 buffer_bytes = 0;
    u32 ops = 0;  // from Op::read on; 0: none is usual

    static constexpr Usual of(const Limits& limits, bool contiguous)
    {
        constexpr u64 far = ~u64{0} << 55;  // no sum of two others overflows, in bytes either
        const u32 most = std::min(unit_sectors * block::sector_bytes, limits.buffer_bytes);
        const bool good = contiguous && limits.max_bytes >= most;
        const u32 ops = limits.read_only ? 1 : 2;
        return {.bits = (limits.block_sectors - 1) | far,
                .end = limits.capacity.raw(),
                .buffer_bytes = limits.buffer_bytes,
                .ops = good ? ops : 0};
    }

    constexpr bool holds(const block::Submission& asked) const
    {
        const auto nth = static_cast<u32>(asked.op) - static_cast<u32>(block::Op::read);
        return nth < ops && asked.count - 1 < unit_sectors
               && ((asked.first.raw() | asked.count) & bits) == 0
               && asked.first.raw() + asked.count <= end && asked.offset % block::sector_bytes == 0
               && asked.offset + bytes_of(asked) <= buffer_bytes;
    }
};
static_assert(static_cast<u32>(block::Op::write) == static_cast<u32>(block::Op::read) + 1);

// A sector of a session's window, on the disk; admitted, so nothing overflows.
constexpr block::Sector on_disk(block::Sector first, const Window& window)
{
    return block::Sector{first.raw() + window.first.raw()};
}

}  // namespace blkd
