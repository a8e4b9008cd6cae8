// object/memory.cpp - memory objects are filled with frames and emptied again, some at a time.

#include "object/memory.hpp"

#include "checks/refusal.hpp"
#include "object/slabs.hpp"
#include "sched/cpu.hpp"

namespace kernel {

namespace {

constexpr u64 per_table = page_bytes / sizeof(PhysAddr);

PhysAddr& table_entry(PhysAddr table, u64 index) { return direct<PhysAddr>(table)[index]; }

bool two_levels(u64 pages) { return pages > per_table; }

}  // namespace

Result<Memory*> Memory::wrap(Process& payer, PhysAddr first, u64 pages)
{
    const auto memory = slabs::memories.make(payer, pages, true, first);
    if (memory)
        (*memory)->foreign_ = true;
    return memory;
}

Result<Memory*> Memory::create(Process& payer, u64 pages, bool contiguous)
{
    if (pages == 0)
        return fail(Errc::bad_argument);
    if (pages > max_pages)
        return fail(Errc::too_big);
    const auto made = slabs::memories.make(payer, pages, contiguous || pages == 1, PhysAddr{});
    if (!made)
        return made;
    Memory& memory = **made;
    if (const auto paid = payer.frame_quota().charge(memory.cost()); !paid) {
        memory.foreign_ = true;  // nothing to refund
        release(memory);
        return fail(paid.error());
    }
    const auto first = !memory.contiguous_ ? take_kernel_frame()
                       : checks::refused() ? Result<PhysAddr>{fail(Errc::no_memory)}
                                           : frames.allocate_run(pages);
    if (!first) {
        release(memory);
        return fail(first.error());
    }
    memory.first_ = *first;
    return made;
}

// What the quota pays: the pages, and the tables of their frames.
u64 Memory::cost() const
{
    if (contiguous_)
        return pages_;
    return pages_ + 1 + (two_levels(pages_) ? (pages_ + per_table - 1) / per_table : 0);
}

Result<bool> Memory::fill_some()
{
    if (filled_ == pages_)
        return true;
    for (u64 n = 0; n < Cpu::zero_limit && filled_ < pages_; ++n, ++filled_) {
        const auto frame = contiguous_ ? page(filled_) : add_page(filled_);
        if (!frame) {
            this_cpu().zero_none();  // they go back at once
            return fail(frame.error());
        }
        this_cpu().zero_later(*frame);
    }
    return false;
}

Result<PhysAddr> Memory::add_page(u64 index)
{
    const auto frame =
        checks::refused() ? Result<PhysAddr>{fail(Errc::no_memory)} : frames.allocate(0);
    if (!frame)
        return frame;
    if (two_levels(pages_) && index % per_table == 0) {
        const auto leaf = take_kernel_frame();
        if (!leaf) {
            frames.free(*frame);
            return leaf;
        }
        table_entry(first_, index / per_table) = *leaf;
    }
    const PhysAddr table = two_levels(pages_) ? table_entry(first_, index / per_table) : first_;
    table_entry(table, index % per_table) = *frame;
    return frame;
}

bool Memory::empty_some()
{
    constexpr u64 at_once = 16;
    if (foreign_ || first_ == PhysAddr{})
        return true;
    if (contiguous_) {
        frames.free_run(std::exchange(first_, PhysAddr{}), pages_);
        return true;
    }
    for (u64 n = 0; n < at_once && filled_ > 0; ++n) {
        frames.free(page(--filled_));
        if (two_levels(pages_) && filled_ % per_table == 0)
            frames.free(table_entry(first_, filled_ / per_table));
    }
    if (filled_ > 0)
        return false;
    frames.free(std::exchange(first_, PhysAddr{}));
    return true;
}

Memory::~Memory()
{
    if (!foreign_)
        payer_->frame_quota().refund(cost());
}

PhysAddr Memory::page(u64 index) const
{
    if (contiguous_)
        return first_ + Bytes{index << page_shift};
    if (two_levels(pages_))
        return table_entry(table_entry(first_, index / per_table), index % per_table);
    return table_entry(first_, index);
}

u64 Memory::run(u64 index, u64 limit) const
{
    if (contiguous_)
        return limit;
    const PhysAddr start = page(index);
    u64 length = 1;
    while (length < limit && page(index + length) == start + Bytes{length << page_shift})
        ++length;
    return length;
}

}  // namespace kernel
