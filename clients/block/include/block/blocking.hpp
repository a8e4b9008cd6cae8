// block/blocking.hpp - the blocking layer: any number of bytes at any byte position, like pread and
// pwrite.
//
// Data goes through the disk's own buffers, so the caller's memory is never the device's, also when
// a deadline passes with requests in flight; as many requests as the disk has buffers are in flight
// at once. Only this layer submits to its disk while something is outstanding.
#pragma once

#include <block/disk.hpp>

namespace block {

class Blocking {
public:
    explicit Blocking(Disk& disk) : disk_{&disk} {}

    // Reads to fill `out`, less at the end of the disk; gives the bytes read. Errors: device_fault,
    // timed_out (the fate of the rest is unknown), those of a lost session.
    Result<usize> pread(u64 offset, std::span<std::byte> out, abi::Ticks deadline = abi::never);

    // Writes all of `in` or fails. What is no whole block is read, changed and written. After a
    // failure any part may have been written. Errors: as pread; out_of_range (beyond the end:
    // nothing was written), read_only.
    Result<> pwrite(u64 offset, std::span<const std::byte> in, abi::Ticks deadline = abi::never);

    // Whole sectors. Errors: as above; out_of_range (beyond the end), bad_argument (part of a
    // sector).
    Result<> read(Sector first, std::span<std::byte> out, abi::Ticks deadline = abi::never);
    Result<> write(Sector first, std::span<const std::byte> in, abi::Ticks deadline = abi::never);

    // Whole blocks, any number of them. The sectors read as anything afterwards, or as zeroes;
    // `unmap`: the device may give their space back. After a failure a part may have been done.
    // Errors: as above; not_supported (by this disk).
    Result<> discard(Sector first, u64 count, abi::Ticks deadline = abi::never);
    Result<> write_zeroes(Sector first, u64 count, bool unmap, abi::Ticks deadline = abi::never);

    // Every write that returned success before is durable. Errors: as pread.
    Result<> flush(abi::Ticks deadline = abi::never);

private:
    struct Transfer;

    Result<> check(Sector first, usize bytes) const;
    u64 block_bytes() const { return disk_->info().logical_block; }
    u64 chunk_bytes() const { return align_down(disk_->buffer_bytes(), block_bytes()); }

    Result<> run(Transfer& transfer, abi::Ticks deadline);
    Result<> send(Transfer& transfer);
    Result<> modify(u64 offset, std::span<const std::byte> in, abi::Ticks deadline);
    Result<> write_blocks(u64 offset, std::span<const std::byte> in, abi::Ticks deadline);
    struct Range;

    Result<> send(Range& range);
    Result<> run(Range range, abi::Ticks deadline);
    Result<> next_of_this_call(Completion& done, abi::Ticks deadline);

    Disk* disk_;
    u32 call_ = 0;  // tags tell a request that outlived its call from those of this one
};

}  // namespace block
