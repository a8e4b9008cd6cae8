// object/memory.cpp - memory objects are filled with frames and emptied again.

#include "object/memory.hpp"

#include "object/slabs.hpp"

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
    contiguous = contiguous || pages == 1;
    const auto memory = slabs::memories.make(payer, contiguous ? pages : 0, contiguous, PhysAddr{});
    if (!memory)
        return memory;
    (*memory)->pages_ = pages;
    if (const auto filled = (*memory)->fill(); !filled) {
        release(**memory);
        return fail(filled.error());
    }
    return memory;
}

Result<> Memory::fill()
{
    Quota& quota = payer_->frame_quota();
    if (contiguous_) {
        if (const auto paid = quota.charge(pages_); !paid)
            return paid;
        const auto run = checks::refused() ? Result<PhysAddr>{fail(Errc::no_memory)}
                                           : frames.allocate_run(pages_);
        if (!run) {
            quota.refund(pages_);
            return fail(run.error());
        }
        first_ = *run;
        zero_frames(first_, pages_);
        return {};
    }
    if (pages_ > quota.left())
        return fail(Errc::over_quota);  // before the work, not in the middle of it
    const auto table = take_frame(quota);
    if (!table)
        return fail(table.error());
    first_ = *table;
    for (u64 i = 0; i < pages_; ++i)
        if (const auto added = add_page(i); !added)
            return added;
    return {};
}

Result<> Memory::add_page(u64 index)
{
    Quota& quota = payer_->frame_quota();
    PhysAddr* place = &table_entry(first_, two_levels(pages_) ? index / per_table : index);
    if (two_levels(pages_)) {
        if (*place == PhysAddr{}) {
            const auto leaf = take_frame(quota);
            if (!leaf)
                return fail(leaf.error());
            *place = *leaf;
        }
        place = &table_entry(*place, index % per_table);
    }
    const auto frame = take_frame(quota);
    if (!frame)
        return fail(frame.error());
    *place = *frame;
    return {};
}

Memory::~Memory()
{
    if (foreign_ || first_ == PhysAddr{})
        return;
    Quota& quota = payer_->frame_quota();
    if (contiguous_) {
        frames.free_run(first_, pages_);
        quota.refund(pages_);
        return;
    }
    for (u64 i = 0; i < per_table; ++i) {
        const PhysAddr entry = table_entry(first_, i);
        if (entry == PhysAddr{})
            break;
        for (u64 j = 0; two_levels(pages_) && j < per_table && table_entry(entry, j) != PhysAddr{};
             ++j)
            give_frame(table_entry(entry, j), quota);
        give_frame(entry, quota);
    }
    give_frame(first_, quota);
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
