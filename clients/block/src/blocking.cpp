// block/src/blocking.cpp - transfers of any size, cut into requests and put together again.
#include <algorithm>
#include <cstring>

#include <block/blocking.hpp>

namespace block {

// A range of bytes in whole blocks around what the caller wants, moved chunk by chunk.
struct Blocking::Transfer {
    Op op;
    u64 first;   // byte of the disk: where the chunks begin, on a block
    u64 end;     // and end, on a block
    u64 chunk;   // bytes of one request
    u64 wanted;  // byte of the disk where the caller's memory begins
    std::byte* memory;
    u64 bytes;
    u64 sent = 0;  // chunks
    u64 returned = 0;

    u64 chunks() const { return (end - first + chunk - 1) / chunk; }
    u64 begin_of(u64 index) const { return first + index * chunk; }
    u64 length_of(u64 index) const { return std::min(chunk, end - begin_of(index)); }

    // Copies what chunk `index` and the caller's memory have in common.
    void copy_out(u64 index, std::span<const std::byte> data) const
    {
        const u64 from = std::max(begin_of(index), wanted);
        const u64 to = std::min(begin_of(index) + length_of(index), wanted + bytes);
        if (from < to)
            std::memcpy(memory + (from - wanted), data.data() + (from - begin_of(index)),
                        to - from);
    }
    // Writes are whole blocks: the caller's memory covers the chunk.
    void copy_in(u64 index, std::span<std::byte> data) const
    {
        std::memcpy(data.data(), memory + (begin_of(index) - wanted), length_of(index));
    }
};

// Starts as many requests as there are buffers and places for them.
Result<> Blocking::send(Transfer& transfer)
{
    for (; transfer.sent < transfer.chunks(); ++transfer.sent) {
        auto buffer = disk_->buffer();
        if (!buffer)
            return {};
        const u64 tag = u64{call_} << 32 | transfer.sent;
        const Sector at{transfer.begin_of(transfer.sent) / sector_bytes};
        const auto sectors = static_cast<u32>(transfer.length_of(transfer.sent) / sector_bytes);
        if (transfer.op == Op::write)
            transfer.copy_in(transfer.sent, buffer->bytes());
        const auto sent = transfer.op == Op::read
                              ? disk_->read(tag, at, sectors, std::move(*buffer))
                              : disk_->write(tag, at, sectors, std::move(*buffer));
        if (!sent)
            return sent.error() == Errc::would_block ? Result<>{} : sent;
    }
    return {};
}

// The next completion of this call; those that outlived an earlier call are dropped, and so give
// their buffers back.
Result<> Blocking::next_of_this_call(Completion& done, abi::Ticks deadline)
{
    for (;;) {
        auto next = disk_->wait(deadline);
        if (!next)
            return fail(next.error() == Errc::not_found ? Errc::no_memory : next.error());
        if (next->tag >> 32 == call_) {
            done = std::move(*next);
            return {};
        }
    }
}

// After the first failure nothing more is started, and what was is waited for.
Result<> Blocking::run(Transfer& transfer, abi::Ticks deadline)
{
    ++call_;
    Errc outcome = Errc::ok;
    for (;;) {
        if (outcome == Errc::ok)
            if (const auto sent = send(transfer); !sent)
                outcome = sent.error();
        const u64 started = outcome == Errc::ok ? transfer.chunks() : transfer.sent;
        if (transfer.returned == started)
            break;
        Completion done{};
        if (const auto got = next_of_this_call(done, deadline); !got)
            return got;
        ++transfer.returned;
        if (done.outcome != Errc::ok && outcome == Errc::ok)
            outcome = done.outcome;
        if (done.outcome == Errc::ok && transfer.op == Op::read)
            transfer.copy_out(done.tag & 0xffff'ffff, done.buffer.bytes());
    }
    if (outcome != Errc::ok)
        return fail(outcome);
    return {};
}

Result<usize> Blocking::pread(u64 offset, std::span<std::byte> out, abi::Ticks deadline)
{
    const u64 size = disk_->bytes();
    const u64 bytes = offset < size ? std::min<u64>(out.size(), size - offset) : 0;
    if (bytes == 0)
        return usize{0};
    Transfer transfer{.op = Op::read,
                      .first = align_down(offset, block_bytes()),
                      .end = align_up(offset + bytes, block_bytes()),
                      .chunk = chunk_bytes(),
                      .wanted = offset,
                      .memory = out.data(),
                      .bytes = bytes};
    return run(transfer, deadline).transform([&] { return usize{bytes}; });
}

// Whole sectors of the disk: their position in bytes does not overflow.
Result<> Blocking::check(Sector first, usize bytes) const
{
    if (bytes % sector_bytes != 0)
        return fail(Errc::bad_argument);
    if (!fits(first.raw(), bytes / sector_bytes, disk_->capacity().raw()))
        return fail(Errc::out_of_range);
    return {};
}

Result<> Blocking::read(Sector first, std::span<std::byte> out, abi::Ticks deadline)
{
    if (const auto good = check(first, out.size()); !good)
        return good;
    return pread(first.raw() * sector_bytes, out, deadline).transform([](usize) {});
}

Result<> Blocking::write(Sector first, std::span<const std::byte> in, abi::Ticks deadline)
{
    if (const auto good = check(first, in.size()); !good)
        return good;
    return pwrite(first.raw() * sector_bytes, in, deadline);
}

Result<> Blocking::write_blocks(u64 offset, std::span<const std::byte> in, abi::Ticks deadline)
{
    Transfer transfer{.op = Op::write,
                      .first = offset,
                      .end = offset + in.size(),
                      .chunk = chunk_bytes(),
                      .wanted = offset,
                      .memory = const_cast<std::byte*>(in.data()),  // only read for a write
                      .bytes = in.size()};
    return run(transfer, deadline);
}

// A part of one block.
Result<> Blocking::modify(u64 offset, std::span<const std::byte> in, abi::Ticks deadline)
{
    const u64 begin = align_down(offset, block_bytes());
    auto buffer = disk_->buffer();
    if (!buffer)
        return fail(Errc::no_memory);
    ++call_;
    const Sector at{begin / sector_bytes};
    const auto sectors = static_cast<u32>(block_bytes() / sector_bytes);
    const u64 tag = u64{call_} << 32;
    if (const auto sent = disk_->read(tag, at, sectors, std::move(*buffer)); !sent)
        return sent;
    Completion done{};
    if (const auto got = next_of_this_call(done, deadline); !got)
        return got;
    if (done.outcome != Errc::ok)
        return fail(done.outcome);

    std::memcpy(done.buffer.bytes().data() + (offset - begin), in.data(), in.size());
    if (const auto sent = disk_->write(tag, at, sectors, std::move(done.buffer)); !sent)
        return sent;
    if (const auto got = next_of_this_call(done, deadline); !got)
        return got;
    return done.outcome == Errc::ok ? Result<>{} : fail(done.outcome);
}

Result<> Blocking::pwrite(u64 offset, std::span<const std::byte> in, abi::Ticks deadline)
{
    if (!fits(offset, in.size(), disk_->bytes()))
        return fail(Errc::out_of_range);
    const u64 block = block_bytes();
    while (!in.empty()) {
        const u64 within = offset & (block - 1);
        const bool whole = within == 0 && in.size() >= block;
        const u64 part =
            whole ? align_down(in.size(), block) : std::min<u64>(in.size(), block - within);
        const auto piece = in.first(part);
        const auto done =
            whole ? write_blocks(offset, piece, deadline) : modify(offset, piece, deadline);
        if (!done)
            return done;
        offset += part;
        in = in.subspan(part);
    }
    return {};
}

// Sectors without data, of which one request takes at most `most`; it ends on a multiple of
// `alignment` where that leaves something.
struct Blocking::Range {
    Op op;
    u64 begin;
    u64 end;
    u64 most;
    u64 alignment;
    u64 in_flight = 0;

    u64 next() const
    {
        const u64 full = std::min(begin + most, end);
        const u64 aligned = full - full % alignment;
        return full == end || aligned <= begin ? full : aligned;
    }
};

// Starts as many requests as there are places for.
Result<> Blocking::send(Range& range)
{
    while (range.begin != range.end) {
        const u64 next = range.next();
        const auto sectors = static_cast<u32>(next - range.begin);
        const u64 tag = u64{call_} << 32;
        const Sector at{range.begin};
        const auto sent =
            range.op == Op::discard
                ? disk_->discard(tag, at, sectors)
                : disk_->write_zeroes(tag, at, sectors, range.op == Op::write_zeroes_unmap);
        if (!sent)
            return sent.error() == Errc::would_block ? Result<>{} : sent;
        range.begin = next;
        ++range.in_flight;
    }
    return {};
}

// After the first failure nothing more is started, and what was is waited for.
Result<> Blocking::run(Range range, abi::Ticks deadline)
{
    const u64 block = block_bytes() / sector_bytes;
    if (range.most == 0)
        return fail(Errc::not_supported);
    if (!fits(range.begin, range.end, disk_->capacity().raw()))
        return fail(Errc::out_of_range);
    range.end += range.begin;  // was a count
    if ((range.begin | range.end) % block != 0)
        return fail(Errc::bad_argument);
    ++call_;
    for (Errc outcome = Errc::ok;;) {
        if (outcome == Errc::ok)
            outcome = send(range).error_or(Errc::ok);
        if (range.in_flight == 0 && (outcome != Errc::ok || range.begin == range.end))
            return outcome == Errc::ok ? Result<>{} : fail(outcome);
        const auto done = disk_->wait(deadline);  // or what outlived an earlier call: its place
        if (!done)
            return fail(done.error());
        if (done->tag >> 32 != call_)
            continue;
        --range.in_flight;
        if (outcome == Errc::ok)
            outcome = done->outcome;
    }
}

Result<> Blocking::discard(Sector first, u64 count, abi::Ticks deadline)
{
    // The device's wish; one that is no whole blocks nobody can meet.
    const auto& limits = disk_->range_limits();
    const u64 block = block_bytes() / sector_bytes;
    const u64 alignment = limits.discard_alignment;
    return run(Range{Op::discard, first.raw(), count, limits.max_discard_sectors,
                     alignment % block == 0 ? std::max(alignment, block) : block},
               deadline);
}

Result<> Blocking::write_zeroes(Sector first, u64 count, bool unmap, abi::Ticks deadline)
{
    const u64 most = disk_->range_limits().max_write_zeroes_sectors;
    return run(Range{unmap ? Op::write_zeroes_unmap : Op::write_zeroes, first.raw(), count, most,
                     block_bytes() / sector_bytes},
               deadline);
}

Result<> Blocking::flush(abi::Ticks deadline)
{
    ++call_;
    if (const auto sent = disk_->flush(u64{call_} << 32); !sent)
        return sent;
    Completion done{};
    if (const auto got = next_of_this_call(done, deadline); !got)
        return got;
    return done.outcome == Errc::ok ? Result<>{} : fail(done.outcome);
}

}  // namespace block
