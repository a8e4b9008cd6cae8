// dma.cpp - SYS_DMA_ALLOC and SYS_VIRT_TO_PHYS: what the device may reach, and for what there is no
// answer.
#include "cases.hpp"

#include <algorithm>

#include <check/child.hpp>
#include <check/raw.hpp>

namespace {

using check::equals;
using check::fails;
using check::need;
using check::that;
using check::works;

Result<u64> alloc(u64 bytes) { return sys::fetch(abi::SYS_DMA_ALLOC, device().slot, bytes); }
Result<sys::DeviceRange> translate(u64 address)
{
    return sys::virt_to_phys(device(), std::bit_cast<void*>(address));
}
u64 pinned() { return need(sys::info(device())).pinned_pages; }

void impossible_sizes()
{
    fails(alloc(0), Errc::bad_argument);
    for (const u64 bytes :
         {(u64{1} << 30) + 1, u64{1} << 32, u64{1} << 63, ~u64{0}, ~u64{0} - page_bytes + 1})
        fails(alloc(bytes), Errc::too_big);
    const auto own = need(sys::info(check::self()));
    fails(alloc(u64{own.frames_limit - own.frames_used + 1} * page_bytes), Errc::over_quota);
    fails(alloc(u64{1} << 30), Errc::over_quota);
    equals(need(sys::info(check::self())).frames_used, own.frames_used);
    equals(need(sys::info(check::self())).handles_used, own.handles_used);
    equals(pinned(), 0);
}

void zeroed_and_contiguous()
{
    for (const u64 pages : {u64{1}, u64{3}, u64{64}, u64{500}})
        for (int round = 0; round < 2; ++round) {
            const auto memory = need(sys::DmaMemory::create(device(), Bytes{pages * page_bytes}));
            const u64 start = memory.mapping().address().raw();
            equals(pinned(), pages);
            that(aligned(memory.address().raw(), page_bytes), "the device address is no page");
            that(std::ranges::all_of(memory.bytes(), [](std::byte b) { return b == std::byte{0}; }),
                 "not zero");
            for (u64 i = 0; i < pages; ++i) {
                const auto range = need(translate(start + i * page_bytes));
                equals(range.address.raw(), memory.address().raw() + i * page_bytes);
                equals(range.contiguous.raw(), (pages - i) * page_bytes);
            }
            std::ranges::fill(memory.bytes(), std::byte{0x5a});
        }
    equals(pinned(), 0);
}

void odd_sizes_are_rounded_up()
{
    for (const u64 bytes : {u64{1}, page_bytes - 1, page_bytes + 1}) {
        auto made = need(sys::invoke(abi::SYS_DMA_ALLOC, device().slot, bytes));
        const sys::Handle<sys::Memory> memory{abi::Slot{made[1]}};
        const sys::Handle<sys::Pin> pin{abi::Slot{made[3]}};
        equals(need(sys::info(memory.borrow())).size.raw(), align_up(bytes, page_bytes));
        equals(need(sys::handle_info(pin.slot())).kind, abi::Kind::pin);
    }
}

void addresses_within_a_page()
{
    const auto memory = need(sys::DmaMemory::create(device(), Bytes{2 * page_bytes}));
    const u64 start = memory.mapping().address().raw();
    for (const u64 offset : {u64{1}, u64{8}, u64{4095}, u64{4096}, u64{8191}}) {
        const auto range = need(translate(start + offset));
        equals(range.address.raw(), memory.address().raw() + offset);
        equals(range.contiguous.raw(), 2 * page_bytes - offset);
    }
    fails(translate(start + 2 * page_bytes), Errc::fault);
    fails(translate(start - 1), Errc::fault);
}

void a_part_is_mapped()
{
    const auto memory = need(sys::DmaMemory::create(device(), Bytes{8 * page_bytes}));
    const auto part = need(sys::Mapping::create(memory.memory(), sys::read_only,
                                                Bytes{3 * page_bytes}, Bytes{2 * page_bytes}));
    const auto range = need(translate(part.address().raw() + 16));
    equals(range.address.raw(), memory.address().raw() + 3 * page_bytes + 16);
    equals(range.contiguous.raw(), 2 * page_bytes - 16);
}

void no_other_memory()
{
    u64 local = 0;
    static constinit u64 global = 1;
    const auto heap = need(sys::SharedMemory::create(Bytes{page_bytes}));
    const auto window = need(sys::map_device(device()));
    fails(translate(std::bit_cast<u64>(&local)), Errc::denied);
    fails(translate(std::bit_cast<u64>(&global)), Errc::denied);
    fails(translate(std::bit_cast<u64>(&no_other_memory)), Errc::denied);
    fails(translate(heap.mapping.address().raw()), Errc::denied);
    fails(translate(window.address.raw()), Errc::fault);
    fails(translate(std::bit_cast<u64>(&sys::message_page())), Errc::fault);
    for (const u64 nowhere : {u64{0}, u64{8}, u64{0x10'0000}, abi::user_end, u64{0x4008'0000},
                              u64{1} << 47, u64{0xffff'ff80'4008'0000}, ~u64{0}})
        fails(translate(nowhere), Errc::fault);
    works(sys::perform(abi::Syscall::memory_unmap, abi::no_slot,
                       align_down(window.address.raw(), page_bytes), page_bytes));
}

// Freed, and still mapped; or mapped, and its pin closed: the device may reach it no more.
void nothing_after_the_pin()
{
    auto made = need(sys::invoke(abi::SYS_DMA_ALLOC, device().slot, page_bytes));
    const sys::Handle<sys::Memory> memory{abi::Slot{made[1]}};
    sys::Handle<sys::Pin> pin{abi::Slot{made[3]}};
    const auto mapping = need(sys::Mapping::create(memory.borrow(), sys::read_write));
    equals(need(translate(mapping.address().raw())).address.raw(), made[2]);
    pin = {};
    fails(translate(mapping.address().raw()), Errc::denied);
    equals(pinned(), 0);
}

void nothing_after_the_mapping()
{
    u64 address = 0;
    {
        const auto memory = need(sys::DmaMemory::create(device(), Bytes{page_bytes}));
        address = memory.mapping().address().raw();
        works(translate(address));
    }
    fails(translate(address), Errc::fault);
}

constexpr std::array cases{
    check::Case{"DMA memory of no size, too much, or beyond the quota is refused",
                impossible_sizes},
    check::Case{"DMA memory is zero, contiguous and pinned, and comes back", zeroed_and_contiguous},
    check::Case{"a size of DMA memory is rounded up to pages", odd_sizes_are_rounded_up},
    check::Case{"an address within a page has its offset", addresses_within_a_page},
    check::Case{"a part that is mapped has its own addresses", a_part_is_mapped},
    check::Case{"there is no device address of stack, data, registers, the kernel or nothing",
                no_other_memory},
    check::Case{"there is no device address after the pin is closed", nothing_after_the_pin},
    check::Case{"there is no device address after the memory is unmapped",
                nothing_after_the_mapping},
};

}  // namespace

const check::Cases dma_cases{cases};
