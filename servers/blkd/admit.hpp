// blkd/admit.hpp - what a client may ask. Pure; the only door from a submission to the device.
#pragma once

#include <base/bits.hpp>
#include <proto/block.hpp>

namespace blkd {

namespace block = proto::block;

constexpr u64 bytes_of(const block::Submission& asked)
{
    return u64{asked.count} * block::sector_bytes;
}

// What holds for every request of one session.
struct Limits {
    block::Sector capacity;
    u32 block_sectors;  // of a logical block; a power of two
    u32 max_bytes;      // of one request
    u32 buffer_bytes;
    bool read_only;
};

// `asked` is a private copy already. Whether it may go to the device as it is: its sectors are on
// the disk, its bytes in the buffer. No check below can overflow, whatever the client wrote.
constexpr block::Status admit(const block::Submission& asked, const Limits& limits)
{
    using block::Op;
    using block::Status;

    if (asked.op != Op::read && asked.op != Op::write) {
        const bool plain = asked.first.raw() == 0 && asked.count == 0 && asked.offset == 0;
        return asked.op == Op::flush && plain ? Status::ok : Status::malformed;
    }
    if (asked.op == Op::write && limits.read_only)
        return Status::read_only;
    if (asked.count == 0 || ((asked.first.raw() | asked.count) & (limits.block_sectors - 1)) != 0)
        return Status::malformed;
    if (!fits(asked.first.raw(), asked.count, limits.capacity.raw()))
        return Status::out_of_range;
    if (bytes_of(asked) > limits.max_bytes || asked.offset % block::sector_bytes != 0
        || !fits(asked.offset, bytes_of(asked), limits.buffer_bytes))
        return Status::malformed;
    return Status::ok;
}

}  // namespace blkd
