// object/memory.hpp - pages that can be mapped, shared and pinned for a device.
//
// Committed and zeroed at creation, in steps; never resized; lives as long as any handle, mapping
// or pin.
// Charged to `payer` until then, even when that process is dead. A contiguous object knows its
// first frame; any other has a table of frames (one level for up to 512 pages, two above), which
// numbers the runs: pages that lie behind each other have the same number.
#pragma once

#include "object/process.hpp"

namespace kernel {

class Memory final : public Large {
public:
    static constexpr auto kind_value = abi::Kind::memory;
    static constexpr u64 max_pages = 512 * 512;  // 1 GiB

    // Nothing is in it yet. Errors: bad_argument (no pages), too_big, over_quota, no_memory.
    static Result<Memory*> create(Process& payer, u64 pages, bool contiguous);
    // Adds some pages, which the CPU zeroes when the lock is released (Cpu::zero_later); true: all
    // were there and zeroed before. Errors: no_memory.
    Result<bool> fill_some();
    // Frees some pages; true: none is left.
    bool empty_some();
    // Memory that the loader placed: never given back.
    static Result<Memory*> wrap(Process& payer, PhysAddr first, u64 pages);

    Memory(Process& payer, u64 pages, bool contiguous, PhysAddr first)
        : Large{kind_value}, payer_{payer}, pages_{pages}, first_{first}, contiguous_{contiguous}
    {
    }
    ~Memory();

    u64 pages() const { return pages_; }
    bool contiguous() const { return contiguous_; }
    PhysAddr page(u64 index) const;
    // The number of the run that the page is part of; rises by one from each to the next.
    u64 run_of(u64 index) const;
    // The first page of that run or a later one, from `first` on and below `end`; else `end`.
    u64 start_of(u64 run, u64 first, u64 end) const;
    // The page behind the run that the page is part of, at most `end`.
    u64 run_end(u64 index, u64 end) const;

private:
    u64& entry(u64 index) const;
    Result<PhysAddr> add_page(u64 index);
    u64 cost() const;

    Ref<Process> payer_;
    u64 pages_;
    u64 filled_ = 0;
    u64 run_began_ = 0;  // the last one: with this page
    PhysAddr first_;     // contiguous: the first frame; else the table
    bool contiguous_;
    bool foreign_ = false;
};

}  // namespace kernel
