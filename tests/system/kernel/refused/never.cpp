// refused/never.cpp - the calls that never allocate: refused their first allocation, they end as
// always.
#include "attempt.hpp"

namespace {

// Where a thread of priority 0 does not get to run while a case does.
u32 own_cpu() { return static_cast<u32>(check::need(sys::info(check::self())).cpu); }

using abi::Syscall;
using check::need;

namespace right = abi::right;

constexpr u32 free_slot = 8;

// Ends so, although nothing may be allocated.
void never(Syscall call,
           abi::Slot about,
           std::initializer_list<u64> arguments,
           Errc end = Errc::ok,
           const check::Where& where = check::Where::current())
{
    seen(call);
    check::equals(refused_in(1, call, about, arguments).error, end, where);
}

void handles()
{
    never(Syscall::null, abi::no_slot, {});
    never(Syscall::handle_info, check::self().slot, {});
    auto bell = need(sys::create_notification());
    never(Syscall::close, bell.release(), {});
}

void notifications()
{
    const auto bell = need(sys::create_notification());
    const u64 slot = bell.slot().raw();
    never(Syscall::signal, bell.slot(), {1});
    never(Syscall::wait, bell.slot(), {});
    never(Syscall::signal_wait, bell.slot(), {slot, 1});
    never(Syscall::notification_bind, bell.slot(), {});
}

void endpoints()
{
    const auto endpoint = need(sys::create_endpoint());
    const auto bell = need(sys::create_notification());
    never(Syscall::endpoint_watch, endpoint.slot(), {bell.slot().raw(), 1});
    never(Syscall::endpoint_give_up, endpoint.slot(), {1});
    never(Syscall::endpoint_info, endpoint.slot(), {});
    never(Syscall::reply, abi::no_slot, {abi::Header::make(1, 8).raw}, Errc::peer_gone);
}

void memory()
{
    const auto memory = need(sys::create_memory(Bytes{page_bytes}));
    never(Syscall::memory_info, memory.slot(), {});
    const u64 at =
        need(sys::fetch(Syscall::memory_map, memory.slot(), 0, 0, page_bytes, right::read.raw, 0));
    never(Syscall::memory_unmap, abi::no_slot, {at, page_bytes});
}

void processes()
{
    const auto bell = need(sys::create_notification());
    const auto process = need(
        sys::create_process(check::self(), {16, 4, 1, 0, text::padded<16>("child"), 0, own_cpu()}));
    never(Syscall::process_watch, process.slot(), {bell.slot().raw(), 1});
    never(Syscall::process_info, process.slot(), {});
    const auto thread =
        need(sys::create_thread(process.borrow(), VirtAddr{0x10000}, VirtAddr{0}, 0, 0));
    never(Syscall::thread_move, thread.slot(), {1});
    never(Syscall::process_kill, process.slot(), {});
}

void devices()
{
    const auto bell = need(sys::create_notification());
    const auto line = need(sys::interrupt(device(free_slot)));
    never(Syscall::device_info, device(free_slot).slot, {});
    never(Syscall::device_io, device(free_slot).slot, {0, 0, 4, 0, 0});
    never(abi::SYS_IRQ_REGISTER, line.slot(), {bell.slot().raw(), 3});
    need(sys::signal(bell.borrow(), abi::Bits::at(3)));
    never(abi::SYS_IRQ_WAIT, line.slot(), {});
    never(abi::SYS_IRQ_REGISTER, line.slot(), {0});
    never(Syscall::device_quiesced, device(free_slot).slot, {});
    const auto dma = need(sys::DmaMemory::create(device(free_slot), Bytes{page_bytes}));
    never(abi::SYS_VIRT_TO_PHYS, device(free_slot).slot, {std::bit_cast<u64>(dma.bytes().data())});
    const auto pin = need(sys::owned<sys::Pin>(sys::fetch(
        Syscall::dma_pin, device(free_slot).slot, dma.memory().slot.raw(), 0, 8, right::read.raw)));
    never(Syscall::dma_runs, pin.slot(), {0});
}

void the_rest()
{
    const std::string_view line = "a line";
    never(Syscall::log, abi::no_slot, {std::bit_cast<u64>(line.data()), line.size(), 0});
    never(Syscall::system_info, abi::no_slot, {});
    // These do not come back, and free what there is.
    seen(Syscall::thread_exit);
    seen(Syscall::exit);
    seen(Syscall::system_off);
}

constexpr std::array cases{
    check::Case{"calls about handles allocate nothing", handles},
    check::Case{"calls about notifications allocate nothing", notifications, check::Runs::once},
    check::Case{"calls about endpoints allocate nothing", endpoints},
    check::Case{"calls about memory that is there allocate nothing", memory},
    check::Case{"calls about processes that are there allocate nothing", processes},
    check::Case{"calls about devices allocate nothing", devices},
    check::Case{"a line and the counters allocate nothing", the_rest},
};

}  // namespace

const check::Cases never_cases{cases};
