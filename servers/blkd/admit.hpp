// blkd/admit.hpp - what a client may ask. Pure; the only door from a submission to the device.
#pragma once

#include <base/bits.hpp>
#include <expected>
#include <proto/block.hpp>

namespace blkd {

namespace block = proto::block;

// What holds for every request of one session.
struct Limits {
    block::Sector capacity;
    u32 block_sectors;  // of a logical block; a power of two
    u32 max_bytes;      // of one request
    u32 buffer_bytes;
    bool read_only;
};

// A request that may go to the device: its sectors are on the disk, its bytes in the buffer.
struct Request {
    block::Op op;
    block::Sector first;
    u32 offset;  // of the data in the buffer
    u32 bytes;   // zero for flush
};

// `asked` is a private copy already. No check below can overflow, whatever the client wrote.
[[gnu::always_inline]] constexpr std::expected<Request, block::Status>
admit(const block::Submission& asked, const Limits& limits)
{
    using block::Op;
    using block::Status;
    const auto refuse = [](Status why) { return std::unexpected{why}; };

    if (asked.reserved != decltype(asked.reserved){} || asked.op < Op::read || asked.op > Op::flush)
        return refuse(Status::malformed);
    if (asked.op == Op::flush) {
        const bool plain = asked.first.raw() == 0 && asked.count == 0 && asked.offset == 0;
        return plain ? std::expected<Request, Status>{Request{Op::flush, {}, 0, 0}}
                     : refuse(Status::malformed);
    }
    if (asked.op == Op::write && limits.read_only)
        return refuse(Status::read_only);

    if (asked.count == 0 || ((asked.first.raw() | asked.count) & (limits.block_sectors - 1)) != 0)
        return refuse(Status::malformed);
    if (!fits(asked.first.raw(), asked.count, limits.capacity.raw()))
        return refuse(Status::out_of_range);

    const u64 bytes = u64{asked.count} * block::sector_bytes;
    if (bytes > limits.max_bytes || asked.offset % block::sector_bytes != 0
        || !fits(asked.offset, bytes, limits.buffer_bytes))
        return refuse(Status::malformed);
    return Request{asked.op, asked.first, asked.offset, static_cast<u32>(bytes)};
}

}  // namespace blkd
