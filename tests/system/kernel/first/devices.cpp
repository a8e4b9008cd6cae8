// first/devices.cpp - every call about a device, by somebody who may not: who has the wrong rights,
// or owns another one.
#include "cases.hpp"

#include <check/raw.hpp>
#include <sys/interrupt.hpp>

namespace {

using check::equals;
using check::fails;
using check::need;
using check::works;

namespace right = abi::right;

using Device = sys::Borrowed<sys::Device>;

Result<u64> alloc(Device d) { return sys::fetch(abi::SYS_DMA_ALLOC, d.slot, page_bytes); }

Result<> pin(Device d)
{
    const auto memory = need(sys::create_memory(Bytes{page_bytes}));
    const auto pinned =
        sys::PinnedMemory::create(d, memory.borrow(), Bytes{0}, Bytes{8}, right::read);
    return pinned ? Result<>{} : fail(pinned.error());
}

void refuses_registers(Device d)
{
    fails(sys::map_device(d), Errc::denied);
    fails(sys::read_register(d, 0), Errc::denied);
    fails(sys::write_register(d, 0x70, 0), Errc::denied);
    fails(sys::interrupt(d), Errc::denied);
}

void refuses_memory(Device d)
{
    u64 local = 0;
    fails(alloc(d), Errc::denied);
    fails(pin(d), Errc::denied);
    fails(sys::virt_to_phys(d, &local), Errc::denied);
}

// Its owner, but only for its memory; then only for its registers.
void an_owner_with_one_right()
{
    const auto memory_only = own(own_page, right::dma);
    refuses_registers(memory_only.borrow());
    works(pin(memory_only.borrow()));
    const auto registers_only = own(own_page, right::map);
    refuses_memory(registers_only.borrow());
    works(sys::read_register(registers_only.borrow(), 0));
    const auto nothing = own(own_page, right::none);
    refuses_registers(nothing.borrow());
    refuses_memory(nothing.borrow());
    works(sys::info(nothing.borrow()));
}

// All rights to use it, but neither its owner nor its manager. Whether somebody else owns it makes
// no difference.
void not_the_owner()
{
    const auto usable = need(sys::duplicate(device(lent_slot), right::map | right::dma));
    refuses_registers(usable.borrow());
    refuses_memory(usable.borrow());
    const auto other = nobody();
    need(sys::lend(device(lent_slot), other.borrow(), right::map | right::dma));
    refuses_registers(usable.borrow());
    refuses_memory(usable.borrow());
    works(sys::kill(other.borrow()));
}

void a_manager_without_a_right()
{
    const auto bare = need(sys::duplicate(device(free_slot), right::manage));
    refuses_registers(bare.borrow());
    refuses_memory(bare.borrow());
    const auto full =
        need(sys::duplicate(device(free_slot), right::manage | right::map | right::dma));
    works(sys::read_register(full.borrow(), 0));
    works(sys::interrupt(full.borrow()));
    works(pin(full.borrow()));
}

// Eight windows share a page: mapped only by who owns them all.
void a_page_of_many_owners()
{
    fails(sys::map_device(device(free_slot)), Errc::not_exclusive);  // it manages them, no more
    std::array<sys::Handle<sys::Device>, 8> owned;
    for (u32 i = 0; i < 7; ++i)
        owned[i] = own(own_page + i, right::map);
    static constinit bool last_is_ours = false;
    if (!last_is_ours)
        fails(sys::map_device(owned[0].borrow()), Errc::not_exclusive);
    owned[7] = own(own_page + 7, right::map);
    last_is_ours = true;
    const auto window = need(sys::map_device(owned[3].borrow()));
    equals(window.address.raw() % page_bytes, 3 * 0x200);
    works(sys::perform(abi::Syscall::memory_unmap, abi::no_slot,
                       align_down(window.address.raw(), page_bytes), page_bytes));
    for (const u64 number : {u64{1}, u64{1} << 32, ~u64{0}})
        fails(sys::map_device(owned[3].borrow(), number), Errc::out_of_range);
}

void quiet_is_said_by_managers()
{
    const auto usable = need(sys::duplicate(device(free_slot), right::map | right::dma));
    fails(sys::quiesced(usable.borrow()), Errc::denied);
    fails(sys::quiesced(own(own_page, right::map | right::dma).borrow()), Errc::denied);
    equals(need(sys::quiesced(device(free_slot))), 0);
}

// A device handle is nothing else, and nothing else is one.
void other_kinds()
{
    const auto bell = need(sys::create_notification());
    const Device none{bell.slot()};
    const auto line = need(sys::interrupt(device(free_slot)));
    for (const abi::Slot slot : {bell.slot(), line.slot(), check::self().slot})
        for (const auto call : {abi::Syscall::device_info, abi::Syscall::device_interrupt,
                                abi::SYS_MAP_DEVICE, abi::Syscall::device_io, abi::SYS_DMA_ALLOC,
                                abi::SYS_VIRT_TO_PHYS, abi::Syscall::device_quiesced})
            equals(check::raw_error(check::raw_call(call, slot)), Errc::wrong_kind);
    fails(pin(none), Errc::wrong_kind);
    equals(check::raw_error(check::raw_call(abi::SYS_IRQ_REGISTER, device(free_slot).slot)),
           Errc::wrong_kind);
    equals(check::raw_error(check::raw_call(abi::SYS_IRQ_WAIT, device(free_slot).slot)),
           Errc::wrong_kind);
    equals(check::raw_error(check::raw_call(abi::Syscall::dma_runs, device(free_slot).slot)),
           Errc::wrong_kind);
}

// The whole range of a status is 0 to 255.
void statuses_have_eight_bits()
{
    for (const u64 status : {u64{256}, u64{1} << 32, ~u64{0}})
        fails(sys::system_off(check::self(), status), Errc::out_of_range);
    const auto bell = need(sys::create_notification());
    fails(sys::system_off({bell.slot()}, 0), Errc::wrong_kind);
    const auto weak = need(sys::duplicate(check::self(), right::manage | right::read));
    fails(sys::system_off(weak.borrow(), 0), Errc::denied);
}

constexpr std::array cases{
    check::Case{"an owner does with a device what it was lent for and no more",
                an_owner_with_one_right},
    check::Case{"who neither owns nor manages a device cannot use it", not_the_owner},
    check::Case{"a manager needs the rights to use a device as well", a_manager_without_a_right},
    check::Case{"a page of registers is mapped only by who owns all devices in it",
                a_page_of_many_owners},
    check::Case{"only a manager says that a device is quiet", quiet_is_said_by_managers},
    check::Case{"no call about devices takes another kind of handle", other_kinds},
    check::Case{"a status of the run above 255 is refused", statuses_have_eight_bits},
};

}  // namespace

const check::Cases device_cases{cases};
