// memory/frames.cpp - splitting, merging and counting of physical frames.
#include "memory/frames.hpp"

#include <algorithm>

namespace kernel {

void FrameAllocator::init(PhysAddr base, u64 frames, FrameRecord* records)
{
    if (!aligned(base.raw(), page_bytes) || frames >= none - (u64{1} << max_order))
        frame_corruption(base);
    base_ = base;
    records_ = {records, frames};
    skew_ = static_cast<u32>((base.raw() >> page_shift) & ((u64{1} << max_order) - 1));
    available_ = 0;
    heads_.fill(none);
    free_ = 0;
    total_ = 0;
    for (FrameRecord& record : records_)
        record = {none, none, 0, FrameState::reserved, 0};
}

void FrameAllocator::release_range(PhysAddr first, u64 frames)
{
    if (frames == 0)
        return;
    u32 index = index_of(first);
    if (!fits(index, frames, records_.size()))
        frame_corruption(first);
    for (FrameRecord& record : records_.subspan(index, frames)) {
        if (record.state != FrameState::reserved)
            frame_corruption(first);
        record.state = FrameState::inside;
    }
    total_ += frames;
    const u32 end = index + static_cast<u32>(frames);
    while (index < end) {  // the largest block that starts here and ends in time
        const auto alignment = static_cast<unsigned>(std::countr_zero(index + skew_));
        const auto length = static_cast<unsigned>(std::bit_width(end - index)) - 1;
        const unsigned order = std::min({alignment, length, max_order});
        add_block(index, order);
        index += 1U << order;
    }
}

Result<PhysAddr> FrameAllocator::allocate(unsigned order)
{
    const u32 block = order > max_order ? none : take_block(order, u64{1} << order);
    if (block == none)
        return fail(Errc::no_memory);
    return address(block);
}

Result<PhysAddr> FrameAllocator::allocate_run(u64 frames)
{
    if (frames == 0)
        return fail(Errc::bad_argument);
    const auto order = static_cast<unsigned>(std::bit_width(frames - 1));
    const u32 block = order > max_order ? none : take_block(order, frames);
    if (block == none)
        return fail(Errc::no_memory);

    const u32 size = 1U << order;
    u32 kept = static_cast<u32>(frames);
    while (kept < size) {  // the tail, as blocks of rising order; their buddies are in use
        const auto piece = static_cast<unsigned>(std::countr_zero(kept));
        push(block + kept, piece);
        kept += 1U << piece;
    }
    return address(block);
}

void FrameAllocator::free(PhysAddr first)
{
    const u32 index = index_of(first);
    const FrameRecord record = records_[index];
    if (record.state != FrameState::used)
        frame_corruption(first);
    add_run(index, record.next);
}

void FrameAllocator::free_run(PhysAddr first, u64 frames)
{
    const u32 index = index_of(first);
    const FrameRecord record = records_[index];
    if (record.state != FrameState::used || record.next != frames)
        frame_corruption(first);
    add_run(index, record.next);
}

u32 FrameAllocator::index_of(PhysAddr frame) const
{
    const u64 offset = frame.raw() - base_.raw();  // below base_: wraps to beyond every index
    const u64 index = offset >> page_shift;
    if (!aligned(offset, page_bytes) || index >= records_.size())
        frame_corruption(frame);
    return static_cast<u32>(index);
}

void FrameAllocator::push(u32 index, unsigned order)
{
    const u32 next = heads_[order];
    if (next != none)
        records_[next].previous = index;
    records_[index] = {next, none, static_cast<u8>(order), FrameState::free, 0};
    heads_[order] = index;
    available_ |= 1U << order;
    free_ += u64{1} << order;
}

void FrameAllocator::unlink(u32 index)
{
    const FrameRecord record = records_[index];
    if (heads_[record.order] == index) {
        pop(record.order);
        return;
    }
    records_[record.previous].next = record.next;
    if (record.next != none)
        records_[record.next].previous = record.previous;
    free_ -= u64{1} << record.order;
}

// The new head keeps a stale `previous`: nobody reads that of a head.
u32 FrameAllocator::pop(unsigned order)
{
    const u32 index = heads_[order];
    const u32 next = records_[index].next;
    heads_[order] = next;
    if (next == none)
        available_ &= ~(1U << order);
    free_ -= u64{1} << order;
    return index;
}

// Frees one aligned block, together with its buddy as long as that is free too.
void FrameAllocator::add_block(u32 index, unsigned order)
{
    for (; order < max_order; ++order) {
        const u32 buddy =
            buddy_of(index, order);  // before the first frame: wraps to beyond the last
        if (buddy >= records_.size())
            break;
        const FrameRecord& other = records_[buddy];
        if (other.state != FrameState::free || other.order != order)
            break;
        unlink(buddy);
        records_[std::max(index, buddy)].state = FrameState::inside;
        index = std::min(index, buddy);
    }
    push(index, order);
}

// Frees a run that starts as aligned as allocate_run made it: blocks of falling order.
void FrameAllocator::add_run(u32 index, u32 frames)
{
    while (frames != 0) {
        const auto order = static_cast<unsigned>(std::bit_width(frames)) - 1;
        add_block(index, order);
        index += 1U << order;
        frames -= 1U << order;
    }
}

// The smallest block that is large enough, cut down to size and used by `frames`; none if there is
// none.
u32 FrameAllocator::take_block(unsigned order, u64 frames)
{
    const u32 enough = available_ & (~u32{0} << order);
    if (enough == 0)
        return none;
    auto found = static_cast<unsigned>(std::countr_zero(enough));
    const u32 index = pop(found);
    while (found > order) {
        --found;
        push(index + (1U << found), found);
    }
    records_[index].next = static_cast<u32>(frames);
    records_[index].state = FrameState::used;
    return index;
}

}  // namespace kernel
