// block/stream.hpp - a long range of a disk, front to back, with as many requests in flight as the
// disk has buffers.
//
//     block::read_range(disk, first, count, each);    // bool each(u64 sector, span<const byte>)
//     block::write_range(disk, first, count, fill);   // void fill(u64 sector, span<byte>)
//
// Only this layer submits to its disk while something is outstanding.
#pragma once

#include <algorithm>

#include <block/disk.hpp>

namespace block {

// What both directions share: the range cut into requests of one buffer each.
class Stream {
public:
    Stream(Disk& disk, u64 first, u64 count)
        : disk_{&disk},
          first_{first},
          count_{count},
          step_{align_down(disk.buffer_bytes(), disk.info().logical_block) / sector_bytes}
    {
    }

    u64 requests() const { return step_ == 0 ? 0 : count_ / step_ + (count_ % step_ != 0 ? 1 : 0); }
    u64 sector_of(u64 request) const { return first_ + request * step_; }
    u32 sectors_of(u64 request) const
    {
        return static_cast<u32>(std::min(step_, count_ - request * step_));
    }

    // Errors: bad_argument (the buffers hold no block), out_of_range (beyond the end).
    Result<> check() const
    {
        if (step_ == 0)
            return fail(Errc::bad_argument);
        if (!fits(first_, count_, disk_->capacity().raw()))
            return fail(Errc::out_of_range);
        return {};
    }

    // Waits for all that is in flight; their buffers go back to the pool.
    void drain() const
    {
        while (disk_->outstanding() != 0)
            if (!disk_->wait())
                return;
    }

private:
    Disk* disk_;
    u64 first_;
    u64 count_;
    u64 step_;  // sectors of one request
};

// Hands the data over in order, each sector once, until `each` returns false. Errors: of the first
// request that failed; out_of_range; bad_argument.
template <class Each>
Result<> read_range(Disk& disk, u64 first, u64 count, Each each)
{
    const Stream stream{disk, first, count};
    if (const auto good = stream.check(); !good)
        return good;
    std::array<Buffer, max_buffers>
        arrived;  // a place for each request that may be ahead of its turn
    const u64 window = std::min<u64>(disk.depth(), arrived.size());

    for (u64 sent = 0, next = 0; next < stream.requests();) {
        for (; sent < stream.requests() && sent - next < window; ++sent) {
            auto buffer = disk.buffer();
            if (!buffer)
                break;
            const auto submitted = disk.read(sent, Sector{stream.sector_of(sent)},
                                             stream.sectors_of(sent), std::move(*buffer));
            if (!submitted) {
                stream.drain();
                return submitted;
            }
        }
        auto done = disk.wait();
        if (!done)
            return fail(done.error());
        if (done->outcome != Errc::ok) {
            stream.drain();
            return fail(done->outcome);
        }
        arrived[done->tag % window] = std::move(done->buffer);
        for (; next < stream.requests() && arrived[next % window].valid(); ++next) {
            const Buffer buffer = std::move(arrived[next % window]);
            if (!each(stream.sector_of(next),
                      buffer.bytes().first(usize{stream.sectors_of(next)} * sector_bytes))) {
                stream.drain();
                return {};
            }
        }
    }
    return {};
}

// Writes what `fill` puts into each piece. Errors: of the first request that failed (others may
// have been written); out_of_range; bad_argument.
template <class Fill>
Result<> write_range(Disk& disk, u64 first, u64 count, Fill fill)
{
    const Stream stream{disk, first, count};
    if (const auto good = stream.check(); !good)
        return good;
    for (u64 sent = 0, returned = 0; returned < stream.requests();) {
        while (sent < stream.requests() && disk.outstanding() < disk.depth()) {
            auto buffer = disk.buffer();
            if (!buffer)
                break;
            const u32 sectors = stream.sectors_of(sent);
            fill(stream.sector_of(sent), buffer->bytes().first(usize{sectors} * sector_bytes));
            const auto submitted =
                disk.write(sent, Sector{stream.sector_of(sent)}, sectors, std::move(*buffer));
            if (!submitted) {
                stream.drain();
                return submitted;
            }
            ++sent;
        }
        const auto done = disk.wait();
        if (!done)
            return fail(done.error());
        if (done->outcome != Errc::ok) {
            stream.drain();
            return fail(done->outcome);
        }
        ++returned;
    }
    return {};
}

}  // namespace block
