// first/quarantine.cpp - what a dead driver had pinned: kept, counted, limited, and released when
// somebody says that the device is quiet.
#include "cases.hpp"

namespace {

using check::equals;
using check::fails;
using check::need;
using check::that;
using check::works;

namespace right = abi::right;

constexpr u64 limit = 4096;      // pages, once any is in quarantine
constexpr u64 left_pinned = 21;  // by the child: 20 of its own, and one of them again

sys::DeviceInfo about() { return need(sys::info(device(pinned_slot))); }

void leave_something()
{
    check::Starter starter{"leave_pinned", {.image = "test_owner"}};
    need(starter.launch().lend("device", device(pinned_slot), right::map | right::dma));
    equals(starter.run().wait().exit.code, 0);
    equals(about().quarantined_pages, left_pinned);
    equals(about().pinned_pages, left_pinned);
}

Result<sys::PinnedMemory> pin(sys::Borrowed<sys::Memory> memory, u64 pages)
{
    return sys::PinnedMemory::create(device(pinned_slot), memory, Bytes{0},
                                     Bytes{pages * page_bytes}, right::read);
}

Result<sys::DmaMemory> alloc(u64 pages)
{
    return sys::DmaMemory::create(device(pinned_slot), Bytes{pages * page_bytes});
}

void kept_until_the_reset()
{
    leave_something();
    const u64 before = need(sys::system_info()).frames_free;
    const auto weak = need(sys::duplicate(device(pinned_slot), right::map | right::dma));
    fails(sys::quiesced(weak.borrow()), Errc::denied);
    equals(about().quarantined_pages, left_pinned);
    equals(need(sys::quiesced(device(pinned_slot))), left_pinned);
    equals(about().pinned_pages, 0);
    that(need(sys::system_info()).frames_free >= before + 20, "the pages did not come back");
    equals(need(sys::quiesced(device(pinned_slot))), 0);
}

void limited_while_quarantined()
{
    leave_something();
    const auto memory = need(sys::create_memory(Bytes{limit * page_bytes}));
    fails(pin(memory.borrow(), limit - left_pinned + 1), Errc::over_quota);
    fails(alloc(limit - left_pinned + 1), Errc::over_quota);
    works(pin(memory.borrow(), limit - left_pinned));
    equals(need(sys::quiesced(device(pinned_slot))), left_pinned);
    works(pin(memory.borrow(), limit));
}

// Pins of the living are not touched by what is said of the dead.
void the_living_keep_their_pins()
{
    leave_something();
    const auto mine = need(alloc(3));
    equals(about().pinned_pages, left_pinned + 3);
    equals(need(sys::quiesced(device(pinned_slot))), left_pinned);
    equals(about().pinned_pages, 3);
    works(sys::virt_to_phys(device(pinned_slot), mine.bytes().data()));
}

// It says where memory is to who pinned it, not to who shares it with the dead.
void the_dead_open_nothing()
{
    const auto memory = need(sys::create_memory(Bytes{page_bytes}));
    const auto here = need(sys::Mapping::create(memory.borrow(), sys::read_write));
    check::Starter starter{"pin_given", {.image = "test_owner"}};
    starter.grant("memory", memory.slot(), abi::Kind::memory, right::read);
    need(starter.launch().lend("device", device(pinned_slot), right::map | right::dma));
    equals(starter.run().wait().exit.code, 0);
    equals(about().quarantined_pages, 1);
    fails(sys::virt_to_phys(device(pinned_slot), here.bytes().data()), Errc::denied);
    const auto mine = need(pin(memory.borrow(), 1));
    works(sys::virt_to_phys(device(pinned_slot), here.bytes().data()));
    equals(need(sys::quiesced(device(pinned_slot))), 1);
}

constexpr std::array cases{
    check::Case{"what a dead owner had pinned stays until the device was seen in reset",
                kept_until_the_reset},
    check::Case{"a device with pages in quarantine is given 4096 pages at most",
                limited_while_quarantined},
    check::Case{"a pin of a dead owner tells nobody where its memory is", the_dead_open_nothing},
    check::Case{"pins of the living stay when the quarantine ends", the_living_keep_their_pins},
};

}  // namespace

const check::Cases quarantine_cases{cases};
