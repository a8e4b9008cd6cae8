// first/lending.cpp - SYS_DEVICE_LEND, and a line that somebody else holds.
#include "cases.hpp"

#include <sys/interrupt.hpp>

namespace {

using check::equals;
using check::fails;
using check::need;
using check::works;

namespace right = abi::right;

void bad_lenders()
{
    const auto to = nobody();
    const auto bell = need(sys::create_notification());
    fails(sys::lend({abi::Slot{12345}}, to.borrow(), right::map), Errc::bad_handle);
    fails(sys::lend({bell.slot()}, to.borrow(), right::map), Errc::wrong_kind);
    const auto usable = need(sys::duplicate(device(lent_slot), right::map | right::dma));
    fails(sys::lend(usable.borrow(), to.borrow(), right::map), Errc::denied);
    const auto half = need(sys::duplicate(device(lent_slot), right::manage | right::map));
    fails(sys::lend(half.borrow(), to.borrow(), right::dma), Errc::denied);
    fails(sys::lend(half.borrow(), to.borrow(), right::map | right::dma), Errc::denied);
    equals(need(sys::info(device(lent_slot))).flags & abi::DeviceFlags::lent, 0);
    equals(need(sys::info(to.borrow())).handles_used, 0u);
}

void bad_borrowers()
{
    const auto bell = need(sys::create_notification());
    fails(sys::lend(device(lent_slot), {abi::Slot{12345}}, right::map), Errc::bad_handle);
    fails(sys::lend(device(lent_slot), {}, right::map), Errc::bad_handle);
    fails(sys::lend(device(lent_slot), {bell.slot()}, right::map), Errc::wrong_kind);
    const auto to = nobody();
    const auto weak = need(sys::duplicate(to.borrow(), right::read));
    fails(sys::lend(device(lent_slot), weak.borrow(), right::map), Errc::denied);
    works(sys::kill(to.borrow()));
    fails(sys::lend(device(lent_slot), to.borrow(), right::map), Errc::peer_gone);
    equals(need(sys::info(device(lent_slot))).flags & abi::DeviceFlags::lent, 0);
}

void only_two_rights_are_lent()
{
    const auto to = nobody();
    for (const abi::Rights strange : {right::manage, right::duplicate, right::map | right::read,
                                      abi::Rights{0x2000}, abi::Rights{0xffff}})
        fails(sys::lend(device(lent_slot), to.borrow(), strange), Errc::bad_argument);
    fails(sys::fetch(abi::Syscall::device_lend, device(lent_slot).slot, to.slot().raw(),
                     u64{1} << 32 | right::map.raw),
          Errc::bad_argument);
}

void no_room_for_the_handle()
{
    const auto to = nobody(0);
    fails(sys::lend(device(lent_slot), to.borrow(), right::map), Errc::over_quota);
    equals(need(sys::info(device(lent_slot))).flags & abi::DeviceFlags::lent, 0);
}

// Until its owner dies, whatever the owner does with its handle.
void one_owner()
{
    const auto first = nobody();
    const auto second = nobody();
    need(sys::lend(device(lent_slot), first.borrow(), right::map));
    fails(sys::lend(device(lent_slot), second.borrow(), right::map), Errc::busy);
    fails(sys::lend(device(lent_slot), check::self(), right::map), Errc::busy);
    equals(need(sys::info(second.borrow())).handles_used, 0u);
    works(
        sys::lend(device(lent_slot), first.borrow(), right::dma));  // another handle of its owner's
    equals(need(sys::info(first.borrow())).handles_used, 2u);
    works(sys::kill(first.borrow()));
    works(sys::lend(device(lent_slot), second.borrow(), right::map));
    works(sys::kill(second.borrow()));
}

// The owner registered the line: even the manager has to wait until it dies.
void a_line_of_somebody_else()
{
    const auto ready = need(sys::create_notification());
    const auto bell = need(sys::create_notification());
    const auto line = need(sys::interrupt(device(lent_slot)));
    check::Starter starter{"hold_line", {.image = "test_owner"}};
    starter.grant("ready", ready.slot(), abi::Kind::notification, right::signal);
    need(starter.launch().lend("device", device(lent_slot), right::map));
    const auto owner = starter.run();
    need(sys::wait(ready.borrow(), check::patience()));
    fails(sys::register_interrupt(line.borrow(), bell.borrow(), 0), Errc::busy);
    fails(sys::unregister_interrupt(line.borrow()), Errc::busy);
    fails(sys::wait_interrupt(line.borrow(), abi::now), Errc::bad_argument);
    owner.kill();
    works(sys::register_interrupt(line.borrow(), bell.borrow(), 0));
    works(sys::unregister_interrupt(line.borrow()));
}

constexpr std::array cases{
    check::Case{"a device is lent by its manager, with rights that the manager has", bad_lenders},
    check::Case{"a device is lent to a living process that the lender manages", bad_borrowers},
    check::Case{"a device is lent for its registers and its memory, for nothing else",
                only_two_rights_are_lent},
    check::Case{"a device is not lent to a process without a slot for it", no_room_for_the_handle},
    check::Case{"a device has one owner until that dies", one_owner},
    check::Case{"a line that another process registered is busy until that dies",
                a_line_of_somebody_else},
};

}  // namespace

const check::Cases lending_cases{cases};
