// first/limits.cpp - limits that only the first process can reach: address spaces, slots, mappings,
// gaps between them, and long runs of frames.
#include "hoard.hpp"

namespace {

using check::equals;
using check::fails;
using check::need;
using check::that;
using check::works;

// Each address space has a number of its own, of which there are 4095.
void address_spaces_are_counted()
{
    Hoard hoard;
    u32 made = 0;
    equals(hoard.until_it_fails([&] {
        ++made;
        return make_process();
    }),
           Errc::no_memory);
    that(made > 4'000 && made <= 4'096, "another number of address spaces");
}

// All 8191 slots are in use, whatever the quota says.
void a_table_of_one_size()
{
    const auto memory = need(sys::create_memory(Bytes{page_bytes}));
    Hoard hoard;
    equals(hoard.until_it_fails([&] { return sys::duplicate(memory.borrow(), abi::right::read); }),
           Errc::over_quota);
    const auto self = need(sys::info(check::self()));
    that(self.handles_limit - self.handles_used > 1'000, "the quota ended first");
    const auto d = device(free_slot);
    fails(sys::interrupt(d), Errc::over_quota);
    fails(sys::invoke(abi::SYS_DMA_ALLOC, d.slot, page_bytes), Errc::over_quota);
    fails(sys::PinnedMemory::create(d, memory.borrow(), Bytes{0}, Bytes{8}, abi::right::read),
          Errc::over_quota);
    fails(make_process(), Errc::over_quota);
    equals(need(sys::info(d)).pinned_pages, 0);
}

// One page in each piece of the addresses that the kernel chooses from, and none of that size left.
void no_gap_of_that_size()
{
    constexpr u64 pieces = 900;
    constexpr u64 piece = align_down((abi::message_base - abi::mapping_base) / pieces, page_bytes);
    const auto page = need(sys::create_memory(Bytes{page_bytes}));
    const auto large = need(sys::create_memory(Bytes{piece}));
    Places places;
    for (u64 i = 0; i <= pieces; ++i)
        if (const u64 at = abi::mapping_base + i * piece; at < abi::message_base - page_bytes)
            (void)places.map(page, at + page_bytes);
    const auto whole = sys::Mapping::create(large.borrow(), sys::read_only);
    fails(whole, Errc::no_memory);
}

void mappings_are_counted()
{
    for (u32 i = 0; i < 8; ++i)
        (void)own(own_page + i, abi::right::map);
    const auto memory = need(sys::create_memory(Bytes{page_bytes}));
    Places places;
    equals(places.until_it_fails(memory), Errc::over_quota);
    fails(sys::map_device(device(own_page)), Errc::over_quota);
}

// Memory there is, but in no piece of that length.
void no_run_of_frames()
{
    const u64 half = need(sys::system_info()).frames_free / 2;
    constexpr u64 contiguous = abi::MemoryFlags::contiguous;
    fails(sys::create_memory(Bytes{(half + half / 2) * page_bytes}, contiguous), Errc::no_memory);
    fails(sys::invoke(abi::SYS_DMA_ALLOC, device(free_slot).slot, (half + half / 2) * page_bytes),
          Errc::no_memory);
    works(sys::create_memory(Bytes{(half + half / 2) * page_bytes}));
}

constexpr std::array cases{
    check::Case{"the number of processes ends with their address spaces",
                address_spaces_are_counted},
    check::Case{"a table has 8191 slots and no more", a_table_of_one_size},
    check::Case{"an address space of 1024 mappings takes no registers either",
                mappings_are_counted},
    check::Case{"memory is mapped where there is a gap of its size", no_gap_of_that_size},
    check::Case{"contiguous memory needs a run of frames", no_run_of_frames},
};

}  // namespace

const check::Cases limit_cases{cases};
