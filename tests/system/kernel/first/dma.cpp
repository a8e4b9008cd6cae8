// first/dma.cpp - what SYS_DMA_ALLOC and SYS_DMA_PIN give, and that they look at the device again
// when the memory is there.
#include "cases.hpp"

#include <check/raw.hpp>
#include <check/threads.hpp>

namespace {

using check::equals;
using check::need;

namespace right = abi::right;

abi::Rights rights_of(abi::Slot slot) { return need(sys::handle_info(slot)).rights; }

void rights_that_are_given()
{
    auto made = need(sys::invoke(abi::SYS_DMA_ALLOC, device(free_slot).slot, page_bytes));
    const sys::Handle<sys::Memory> memory{abi::Slot{made[1]}};
    const sys::Handle<sys::Pin> pin{abi::Slot{made[3]}};
    equals(rights_of(memory.slot()),
           right::duplicate | right::transfer | right::read | right::write);
    equals(rights_of(pin.slot()), right::none);
    const sys::Handle<sys::Pin> second{
        abi::Slot{need(sys::fetch(abi::Syscall::dma_pin, device(free_slot).slot,
                                  memory.slot().raw(), 0, page_bytes, right::read.raw))}};
    equals(rights_of(second.slot()), right::none);
}

constexpr u32 pages = 2'000;
constexpr u64 less_important = 5;

struct Allocating {
    abi::Slot device;
    Errc end = Errc::ok;
    bool done = false;
};

void allocate(Allocating& a)
{
    check::RawRegisters in;
    in.x[0] = pages * page_bytes;
    const auto out = check::raw_call(abi::SYS_DMA_ALLOC, a.device, in);
    a.end = check::raw_error(out);
    __atomic_store_n(&a.done, true, __ATOMIC_RELEASE);
    if (a.end == Errc::ok)
        sys::close(abi::Slot{out.x[1]}), sys::close(abi::Slot{out.x[3]});
}

// Whether that was in the middle: it has taken its frames, and pinned none yet, which is the last
// that it does. `done` comes later.
bool closed_in_the_middle(abi::Ticks when)
{
    auto handle = own(own_page, right::dma);
    const u32 frames = need(sys::info(check::self())).frames_used;
    const u64 pinned = need(sys::info(handle.borrow())).pinned_pages;
    Allocating allocating{handle.slot()};
    check::Threaded<Allocating> thread{&allocate, allocating, less_important};
    (void)sys::wait(need(sys::create_notification()).borrow(), when);
    const bool middle = need(sys::info(check::self())).frames_used >= frames + pages
                        && need(sys::info(handle.borrow())).pinned_pages == pinned
                        && !__atomic_load_n(&allocating.done, __ATOMIC_ACQUIRE);
    handle = {};
    thread.join();
    if (middle)
        equals(allocating.end, Errc::bad_handle);
    check::that(
        check::eventually([&] { return need(sys::info(check::self())).frames_used == frames; }),
        "it left something");
    return middle;
}

void the_handle_goes_meanwhile()
{
    check::try_often([](u64 i) {
        return closed_in_the_middle(sys::after(sys::microseconds(50 * (i % 20 + 1))));
    });
}

constexpr std::array cases{
    check::Case{"memory for a device is for reading and writing, and its pin for nothing",
                rights_that_are_given},
    check::Case{"who closes the device while its memory is made gets none of it",
                the_handle_goes_meanwhile},
};

}  // namespace

const check::Cases dma_cases{cases};
