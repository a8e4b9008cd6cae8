// pins.cpp - SYS_DMA_PIN: memory of others for the device, without mapping it.
#include "cases.hpp"

#include <check/child.hpp>

namespace {

using check::equals;
using check::fails;
using check::need;
using check::that;
using check::works;

namespace right = abi::right;

using sys::PinnedMemory;

u64 pinned() { return need(sys::info(device())).pinned_pages; }

Result<PinnedMemory>
pin(sys::Borrowed<sys::Memory> memory, u64 offset, u64 bytes, abi::Rights rights = right::read)
{
    return PinnedMemory::create(device(), memory, Bytes{offset}, Bytes{bytes}, rights);
}

sys::Handle<sys::Memory> pages(u64 count, u64 flags = 0)
{
    return need(sys::create_memory(Bytes{count * page_bytes}, flags));
}

void impossible_ranges()
{
    const auto memory = pages(4);
    const u64 all = 4 * page_bytes;
    fails(pin(memory.borrow(), 0, 0), Errc::bad_argument);
    fails(pin(memory.borrow(), all, 0), Errc::bad_argument);
    struct Range {
        u64 offset;
        u64 bytes;
    };
    for (const Range r : {Range{0, all + 1}, Range{all, 1}, Range{1, all}, Range{~u64{0}, 1},
                          Range{~u64{0}, ~u64{0}}, Range{1, ~u64{0}},
                          Range{u64{1} << 63, u64{1} << 63}, Range{all - 1, 2}})
        fails(pin(memory.borrow(), r.offset, r.bytes), Errc::out_of_range);
    equals(pinned(), 0);
}

void rights_are_needed()
{
    const auto memory = pages(1);
    const auto reader = need(sys::duplicate(memory.borrow(), right::read));
    fails(pin(reader.borrow(), 0, 8, right::write), Errc::denied);
    fails(pin(reader.borrow(), 0, 8, right::read | right::write), Errc::denied);
    for (const abi::Rights strange : {right::none, right::execute, right::read | right::execute,
                                      right::signal, abi::Rights{0x8000}})
        fails(pin(memory.borrow(), 0, 8, strange), Errc::bad_argument);
    fails(pin({device().slot}, 0, 8), Errc::wrong_kind);
    fails(pin({abi::Slot{77}}, 0, 8), Errc::bad_handle);
    works(pin(reader.borrow(), 0, 8, right::read));
}

// Runs cover the range exactly, in order, and agree with the translation of each byte that is
// mapped.
void runs_agree(u64 count, u64 offset, u64 bytes, u64 flags)
{
    const auto memory = pages(count, flags);
    const auto mapping = need(sys::Mapping::create(memory.borrow(), sys::read_write));
    const auto pinned_memory =
        need(pin(memory.borrow(), offset, bytes, right::read | right::write));
    std::array<abi::DmaRun, 300> place;
    const auto runs = need(pinned_memory.runs(place));
    equals(runs.size(), pinned_memory.run_count());
    if (flags != 0)
        equals(runs.size(), 1);
    u64 at = offset;
    for (const abi::DmaRun& run : runs) {
        const auto range = need(sys::virt_to_phys(device(), mapping.bytes().data() + at));
        equals(run.address.raw(), range.address.raw());
        that(run.length.raw() <= range.contiguous.raw(), "a run is longer than what is contiguous");
        that(run.length.raw() > 0, "an empty run");
        at += run.length.raw();
    }
    equals(at, offset + bytes);
}

void runs()
{
    for (const u64 flags : {u64{0}, abi::MemoryFlags::contiguous}) {
        runs_agree(1, 0, 1, flags);
        runs_agree(1, 0, page_bytes, flags);
        runs_agree(1, 17, 100, flags);
        runs_agree(2, page_bytes - 1, 2, flags);
        runs_agree(9, 5, 8 * page_bytes + 7, flags);
        runs_agree(600, page_bytes * 500, page_bytes * 100, flags);
    }
}

// Frames that lie apart: each second page of what was just given back is taken.
void scattered_runs()
{
    std::array<sys::Handle<sys::Memory>, 256> singles;
    for (auto& single : singles)
        single = pages(1);
    for (usize i = 0; i < singles.size(); i += 2)
        singles[i] = {};
    const auto memory = pages(120);
    const auto pinned_memory = need(pin(memory.borrow(), 0, 120 * page_bytes));
    std::array<abi::DmaRun, 120> place;
    const auto all = need(pinned_memory.runs(place));
    that(all.size() > abi::runs_per_call, "the memory is not scattered: this case shows nothing");
    u64 bytes = 0;
    for (const abi::DmaRun& run : all)
        bytes += run.length.raw();
    equals(bytes, 120 * page_bytes);
    for (usize i = 1; i < all.size(); ++i)
        that(all[i - 1].address.raw() + all[i - 1].length.raw() != all[i].address.raw(),
             "two runs are one");
}

void runs_beyond_the_last()
{
    const auto memory = pages(1);
    const auto made = need(sys::invoke(abi::Syscall::dma_pin, device().slot, memory.slot().raw(), 0,
                                       8, right::read.raw));
    const sys::Handle<sys::Pin> handle{abi::Slot{made[1]}};
    equals(made[2], 1);
    equals(need(sys::fetch(abi::Syscall::dma_runs, handle.slot(), 0)), 1);
    for (const u64 first : {u64{1}, u64{2}, u64{1} << 63, ~u64{0}})
        fails(sys::fetch(abi::Syscall::dma_runs, handle.slot(), first), Errc::out_of_range);
    fails(sys::duplicate(handle.borrow(), right::none), Errc::denied);
}

// Pinned memory lives as long as its pin, whatever becomes of its handles and mappings.
void pins_keep_memory()
{
    const u64 before = need(sys::system_info()).frames_free;
    {
        auto memory = pages(10);
        const auto pinned_memory = need(pin(memory.borrow(), 0, 10 * page_bytes));
        memory = {};
        equals(pinned(), 10);
        that(need(sys::system_info()).frames_free <= before - 10, "pinned frames were given back");
        std::array<abi::DmaRun, 10> place;
        works(pinned_memory.runs(place));
    }
    equals(need(sys::system_info()).frames_free, before);
    equals(pinned(), 0);
}

void pinned_twice()
{
    const auto memory = pages(2);
    auto first = need(pin(memory.borrow(), 0, 2 * page_bytes));
    const auto second = need(pin(memory.borrow(), page_bytes, page_bytes));
    equals(pinned(), 3);  // each pin counts its own
    first = PinnedMemory{};
    const auto mapping = need(sys::Mapping::create(memory.borrow(), sys::read_only));
    fails(sys::virt_to_phys(device(), mapping.bytes().data()), Errc::denied);
    works(sys::virt_to_phys(device(), mapping.bytes().data() + page_bytes));
}

void pins_have_a_limit()
{
    const auto memory = pages(1);
    std::array<PinnedMemory, 129> pins;
    usize count = 0;
    while (count < pins.size()) {
        auto made = pin(memory.borrow(), count, 1);
        if (!made) {
            fails(made, Errc::over_quota);
            break;
        }
        pins[count++] = std::move(*made);
    }
    that(count > 100 && count <= 128, "the limit of pins is elsewhere");
    pins[0] = PinnedMemory{};
    works(pin(memory.borrow(), 0, 1));
}

constexpr std::array cases{
    check::Case{"an empty range and one beyond the memory are refused, near 2^64 too",
                impossible_ranges},
    check::Case{"pinning needs the rights of the direction", rights_are_needed},
    check::Case{"the runs of a pin cover its range and agree with the addresses", runs},
    check::Case{"more runs than one call returns are told in parts", scattered_runs},
    check::Case{"runs beyond the last are refused, and a pin cannot be copied",
                runs_beyond_the_last},
    check::Case{"pinned memory stays without a handle, and comes back with the pin",
                pins_keep_memory},
    check::Case{"the number of pins has a limit", pins_have_a_limit},
    check::Case{"memory that is pinned twice stays until the second pin goes", pinned_twice},
};

}  // namespace

const check::Cases pin_cases{cases};
