// refused/allocating.cpp - the calls that allocate.
#include "attempt.hpp"

#include <check/threads.hpp>

namespace {

// Where a thread of priority 0 does not get to run while a case does.
u32 own_cpu() { return static_cast<u32>(check::need(sys::info(check::self())).cpu); }

using abi::Syscall;
using check::need;

namespace right = abi::right;

constexpr u32 free_slot = 8;
constexpr u64 take_four = abi::Header::make(1, 0, 0, 4).raw;

sys::Handle<sys::Process> make_nobody()
{
    return need(sys::create_process(check::self(),
                                    {32, 200, 2, 0, text::padded<16>("nobody"), 0, own_cpu()}));
}

// A call without arguments that makes an object of kind T.
template <class T>
void object(Syscall call, u64 least)
{
    refuse_each(call, Slots::some, least, Errc::ok, [&](u64 n) {
        const auto done = refused_in(n, call, abi::no_slot, {});
        (void)done.made<T>();
        return done.error;
    });
}

void objects()
{
    object<sys::Endpoint>(Syscall::endpoint_create, 1);
    object<sys::Notification>(Syscall::notification_create, 1);
    const auto endpoint = need(sys::create_endpoint());
    refuse_each(Syscall::endpoint_mint, Slots::some, 1, Errc::ok, [&](u64 n) {
        const auto done = refused_in(n, Syscall::endpoint_mint, endpoint.slot(), {7});
        (void)done.made<sys::Endpoint>();
        return done.error;
    });
    refuse_each(Syscall::duplicate, Slots::some, 0, Errc::ok, [&](u64 n) {
        const auto done = refused_in(n, Syscall::duplicate, endpoint.slot(), {0});
        (void)done.made<sys::Endpoint>();
        return done.error;
    });
}

// One page, many pages with a table of them, a run.
void memory()
{
    const auto create = [](u64 bytes, u64 flags, u64 least) {
        refuse_each(Syscall::memory_create, Slots::some, least, Errc::ok, [&](u64 n) {
            const auto done = refused_in(n, Syscall::memory_create, abi::no_slot, {bytes, flags});
            (void)done.made<sys::Memory>();
            return done.error;
        });
    };
    create(page_bytes, 0, 2);
    create(3 * page_bytes, 0, 5);
    // Two steps: pages that were made, and are to be zeroed, go back again and again.
    create(10 * page_bytes, 0, 12);
    create(5 * page_bytes, abi::MemoryFlags::contiguous, 2);
}

// Page tables that were made stay, so each attempt has a new process.
void mappings()
{
    const auto memory = need(sys::create_memory(Bytes{4 * page_bytes}));
    refuse_each(Syscall::memory_map, Slots::none, 3, Errc::ok, [&](u64 n) {
        const auto process = make_nobody();
        return refused_in(n, Syscall::memory_map, memory.slot(),
                          {process.slot().raw(), 0, 4 * page_bytes, right::read.raw, u64{1} << 32})
            .error;
    });
    // At the end of one table and the start of the next: two levels, then one more.
    refuse_each(Syscall::memory_map, Slots::none, 4, Errc::ok, [&](u64 n) {
        const auto process = make_nobody();
        return refused_in(n, Syscall::memory_map, memory.slot(),
                          {process.slot().raw(), 0, 4 * page_bytes, right::read.raw,
                           (u64{1} << 32) + (u64{2} << 20) - 2 * page_bytes})
            .error;
    });
}

void processes()
{
    const abi::ProcessQuota quota{4, 4, 1, 0, text::padded<16>("child"), 0, 0};
    refuse_each(Syscall::process_create, Slots::some, 3, Errc::ok, [&](u64 n) {
        const auto done = refused_in(n, Syscall::process_create, check::self().slot, {}, &quota);
        (void)done.made<sys::Process>();
        return done.error;
    });
    refuse_each(Syscall::process_grant, Slots::none, 1, Errc::ok, [&](u64 n) {
        const auto process = make_nobody();
        return refused_in(n, Syscall::process_grant, process.slot(),
                          {process.slot().raw(), right::read.raw})
            .error;
    });
}

// Its priority is the lowest: it does not run before it is killed.
void threads()
{
    refuse_each(Syscall::thread_create, Slots::some, 4, Errc::ok, [](u64 n) {
        const Place place;
        const auto process = make_nobody();
        const auto done =
            refused_in(n, Syscall::thread_create, process.slot(), {0x40'0000, 0, 0, 0});
        (void)done.made<sys::Thread>();
        return done.error;
    });
}

// Slots for handles that a message may bring.
void messages()
{
    const auto endpoint = need(sys::create_endpoint());
    const auto client = need(sys::mint(endpoint.borrow(), 1));
    const auto bell = need(sys::create_notification());
    const auto refuse = [&](Syscall call, abi::Slot about) {
        refuse_each(call, Slots::some, 0, Errc::timed_out, [&](u64 n) {
            return refused_in(n, call, about, {take_four, bell.slot().raw(), 1}).error;
        });
    };
    refuse(Syscall::recv, endpoint.slot());
    refuse(Syscall::reply_recv, endpoint.slot());
    refuse(Syscall::signal_recv, endpoint.slot());
    // It says timed_out before it looks for slots if it may not wait.
    refuse_each(Syscall::call, Slots::some, 0, Errc::timed_out, [&](u64 n) {
        check::RawRegisters in;
        in.x[0] = take_four;
        in.x[9] = sys::after_ms(1).raw();
        in.x[10] = check::refuse(n);
        return check::raw_error(check::raw_call(Syscall::call, client.slot(), in));
    });
}

void devices()
{
    refuse_each(Syscall::device_interrupt, Slots::some, 0, Errc::ok, [](u64 n) {
        const auto done = refused_in(n, Syscall::device_interrupt, device(free_slot).slot, {0});
        (void)done.made<sys::Interrupt>();
        return done.error;
    });
    refuse_each(Syscall::device_lend, Slots::none, 1, Errc::ok, [](u64 n) {
        const auto process = make_nobody();
        return refused_in(n, Syscall::device_lend, device(free_slot).slot,
                          {process.slot().raw(), right::map.raw})
            .error;
    });
}

void dma()
{
    refuse_each(Syscall::dma_alloc, Slots::some, 3, Errc::ok, [](u64 n) {
        const auto done =
            refused_in(n, Syscall::dma_alloc, device(free_slot).slot, {3 * page_bytes});
        (void)done.made<sys::Memory>();
        (void)done.made<sys::Pin>(3);
        return done.error;
    });
    const auto memory = need(sys::create_memory(Bytes{2 * page_bytes}));
    refuse_each(Syscall::dma_pin, Slots::some, 1, Errc::ok, [&](u64 n) {
        const auto done = refused_in(n, Syscall::dma_pin, device(free_slot).slot,
                                     {memory.slot().raw(), 0, 8, right::read.raw});
        (void)done.made<sys::Pin>();
        return done.error;
    });
}

// The page of eight slots must be this process's: its table for the first address that the kernel
// chooses is there already, so the mapping is all that is allocated.
void registers()
{
    for (u32 slot = 0; slot < 8; ++slot)
        (void)sys::Handle<sys::Device>{need(sys::lend(device(slot), check::self(), right::map))};
    refuse_each(abi::SYS_MAP_DEVICE, Slots::none, 1, Errc::ok, [](u64 n) {
        const auto done = refused_in(n, abi::SYS_MAP_DEVICE, device(0).slot, {0});
        if (done.error == Errc::ok)
            need(sys::perform(Syscall::memory_unmap, abi::no_slot,
                              align_down(done.out.x[1], page_bytes), page_bytes));
        return done.error;
    });
}

constexpr std::array cases{
    check::Case{"objects and handles are refused one allocation after the other", objects,
                check::Runs::once},
    check::Case{"memory is refused one allocation after the other", memory, check::Runs::once},
    check::Case{"mappings are refused one allocation after the other", mappings, check::Runs::once},
    check::Case{"processes are refused one allocation after the other", processes,
                check::Runs::once},
    check::Case{"threads are refused one allocation after the other", threads, check::Runs::once},
    check::Case{"slots for messages are refused one allocation after the other", messages,
                check::Runs::once},
    check::Case{"interrupts and lent devices are refused one allocation after the other", devices,
                check::Runs::once},
    check::Case{"memory for devices is refused one allocation after the other", dma,
                check::Runs::once},
    check::Case{"mapped registers are refused one allocation after the other", registers,
                check::Runs::once},
};

}  // namespace

const check::Cases allocating_cases{cases};
