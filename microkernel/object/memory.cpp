// object/memory.cpp - memory objects are filled with frames and emptied again, some at a time.

#include "object/memory.hpp"

#include "checks/refusal.hpp"
#include "object/slabs.hpp"
#include "sched/cpu.hpp"

#include <algorithm>

namespace kernel {

namespace {

// An entry of the last level. The length is that of the run, without its first page, which has it.
using FrameNumber = Field<27, 0>;
using RunLength = Field<45, 28>;
using Run = Field<63, 46>;

constexpr u64 per_table = page_bytes / sizeof(u64);

u64& table_entry(PhysAddr table, u64 index) { return direct<u64>(table)[index]; }

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
        table_entry(first_, index / per_table) = leaf->raw();
    }
    const u64 number = frame->raw() >> page_shift;
    const u64 last = index > 0 ? entry(index - 1) : 0;
    if (FrameNumber::get(last) + 1 == number) {
        entry(index) = Run::make(Run::get(last)) | number;
        entry(run_began_) += RunLength::make(1);
    } else {
        entry(index) = Run::make(Run::get(last) + (index > 0 ? 1 : 0)) | number;
        run_began_ = index;
    }
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
            frames.free(PhysAddr{table_entry(first_, filled_ / per_table)});
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
    return PhysAddr{FrameNumber::get(entry(index)) << page_shift};
}

u64& Memory::entry(u64 index) const
{
    if (two_levels(pages_))
        return table_entry(PhysAddr{table_entry(first_, index / per_table)}, index % per_table);
    return table_entry(first_, index);
}

u64 Memory::run_of(u64 index) const { return contiguous_ ? 0 : Run::get(entry(index)); }

u64 Memory::run_end(u64 index, u64 end) const
{
    if (contiguous_)
        return end;
    if (index == 0 || run_of(index - 1) != run_of(index))
        return std::min(end, index + RunLength::get(entry(index)) + 1);
    return start_of(run_of(index) + 1, index + 1, end);
}

u64 Memory::start_of(u64 run, u64 first, u64 end) const
{
    while (first < end) {
        const u64 middle = (first + end) / 2;
        if (run_of(middle) < run)
            first = middle + 1;
        else
            end = middle;
    }
    return end;
}

}  // namespace kernel
