// common/buffer_map.hpp - where the bytes of a session's buffer are for the device. Pure.
#pragma once

#include <algorithm>
#include <span>

#include <base/bits.hpp>

namespace common {

// A part of a buffer that is contiguous for the device, as the kernel pinned it; it ends where the
// next one begins.
struct BufferRun {
    u64 begin;  // first byte of it in the buffer
    DeviceAddr address;
};

// Invariant: runs rise, the first begins at 0, none is empty, the last ends at `bytes`.
class BufferMap {
public:
    constexpr BufferMap() = default;
    constexpr BufferMap(std::span<const BufferRun> runs, u64 bytes)
        : runs_{runs}, bytes_{bytes}, start_{runs[0].address}
    {
    }

    constexpr u64 bytes() const { return bytes_; }
    constexpr bool contiguous() const { return runs_.size() == 1; }
    constexpr DeviceAddr start() const { return start_; }

    // Cuts [offset, offset + bytes), which lies in the buffer, into runs for the device and returns
    // how many. Room for as many as max_bytes() was asked for is enough.
    template <class Run>
    constexpr usize split(u64 offset, u64 bytes, std::span<Run> out) const
    {
        if (contiguous()) [[likely]] {
            out[0] = Run{start_ + Bytes{offset}, static_cast<u32>(bytes)};
            return 1;
        }
        usize count = 0;
        for (auto at = index_of(offset); bytes != 0; ++at) {
            const u64 within = offset - runs_[at].begin;
            const u64 part = std::min(bytes, end_of(at) - offset);
            out[count++] = Run{runs_[at].address + Bytes{within}, static_cast<u32>(part)};
            offset += part;
            bytes -= part;
        }
        return count;
    }

    // Any range of at most so many bytes is at most `max_runs` runs: all runs but the first and
    // last of a range are whole pages or more, and the first one is if it begins a page; a range
    // may begin and end within one.
    constexpr u64 max_bytes(u64 max_runs) const
    {
        return contiguous() ? bytes_ : std::min(bytes_, (max_runs - 1) * page_bytes);
    }

private:
    constexpr u64 end_of(usize index) const
    {
        return index + 1 < runs_.size() ? runs_[index + 1].begin : bytes_;
    }

    // Of the last run that begins at or before `offset`.
    constexpr usize index_of(u64 offset) const
    {
        const auto after = std::ranges::upper_bound(runs_, offset, {}, &BufferRun::begin);
        return static_cast<usize>(after - runs_.begin()) - 1;
    }

    std::span<const BufferRun> runs_;
    u64 bytes_ = 0;
    DeviceAddr start_;
};

}  // namespace common
