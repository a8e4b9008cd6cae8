// memory/frames.hpp - physical frames: a buddy allocator over one record per frame.
//
// A frame is reserved (never given to the allocator), free, or used. The head of a free block or of
// an allocation carries its state; all other frames of it are `inside`, so a wrong address in
// free() is always seen. Blocks are naturally aligned in physical memory. The caller holds the
// kernel lock.
#pragma once

#include "checks/flavour.hpp"

#include <array>
#include <bit>
#include <span>

#include <base/bits.hpp>
#include <base/types.hpp>

namespace kernel {

// Called when something is freed that was not allocated: a frame that is free, reserved, in the
// middle of a run, or no memory at all. The kernel defines it; tests define their own.
[[noreturn]] void frame_corruption(PhysAddr where);

enum class FrameState : u8 { reserved, inside, free, used };

struct FrameRecord {
    u32 next;  // free: the next block of its order; used: frames of the allocation
    u32 previous;
    u8 order;  // free: of its block
    FrameState state;
    u16 unused;
};
static_assert(sizeof(FrameRecord) == 12);

class FrameAllocator {
public:
    static constexpr unsigned max_order = 18;  // 1 GiB

    constexpr FrameAllocator() { heads_.fill(none); }

    static constexpr u64 record_bytes(u64 frames) { return frames * sizeof(FrameRecord); }

    // All frames start reserved. `records` is room for `frames` of them, not initialised.
    void init(PhysAddr base, u64 frames, FrameRecord* records);

    // Adds reserved frames to the free ones. Takes time by the frame, like init and nothing else.
    void release_range(PhysAddr first, u64 frames);

    // 2^order frames, aligned to their size; contents are whatever was there. no_memory if there is
    // no such block.
    Result<PhysAddr> allocate(unsigned order);

    // Any number of contiguous frames, aligned to the next power of two.
    Result<PhysAddr> allocate_run(u64 frames);

    // Gives back what one allocate or allocate_run returned; free_run also checks its length.
    void free(PhysAddr first);
    void free_run(PhysAddr first, u64 frames);

    u64 free_frames() const { return free_; }
    u64 total_frames() const { return total_; }  // free and used, without the reserved ones

private:
    friend struct checks::Inspector;
    static constexpr u32 none = ~u32{0};

    PhysAddr address(u32 index) const { return base_ + Bytes{u64{index} << page_shift}; }
    u32 index_of(PhysAddr frame) const;
    u32 buddy_of(u32 index, unsigned order) const
    {
        return ((index + skew_) ^ (1U << order)) - skew_;
    }
    void push(u32 index, unsigned order);
    void unlink(u32 index);
    u32 pop(unsigned order);
    void add_block(u32 index, unsigned order);
    void add_run(u32 index, u32 frames);
    u32 take_block(unsigned order, u64 frames);

    PhysAddr base_;
    std::span<FrameRecord> records_;
    u32 skew_ = 0;       // index + skew_ has the alignment of the physical address
    u32 available_ = 0;  // bit n: the list of order n is not empty
    std::array<u32, max_order + 1> heads_{};
    u64 free_ = 0;
    u64 total_ = 0;
};

}  // namespace kernel
