// first/frames.cpp - no frame is left in the machine, although the quota would allow more: every
// call that needs one says so, and everything comes back.
#include "hoard.hpp"

namespace {

using abi::Syscall;
using check::equals;
using check::fails;
using check::need;
using check::that;
using check::works;

namespace right = abi::right;

constexpr u64 most_badges = 60'000;

// Kernel objects are in no frame quota: badges that nobody was told of take more frames than the
// kernel keeps back for objects, so that the machine's end comes before the quota's.
struct Untold {
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> receiver = need(sys::duplicate(endpoint.borrow(), right::receive));

    Untold()
    {
        for (u64 i = 1; i <= most_badges; ++i)
            (void)need(sys::mint(endpoint.borrow(), i));
    }
};

// The rest, in ever smaller pieces.
void take_all_memory(Hoard& hoard)
{
    Errc end = Errc::ok;
    for (u64 pages = 4096; pages > 0; pages /= 2)
        end = hoard.until_it_fails([&] { return sys::create_memory(Bytes{pages * page_bytes}); });
    equals(end, Errc::no_memory);
}

// Things to make others of, made while there was memory.
struct Before {
    sys::Handle<sys::Notification> bell = need(sys::create_notification());
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    sys::Handle<sys::Memory> memory = need(sys::create_memory(Bytes{page_bytes}));
    sys::Handle<sys::Endpoint> client = need(sys::mint(endpoint.borrow(), 1));
    sys::Handle<sys::Process> child = nobody();
    sys::Handle<sys::Process> second = nobody();
    // Memory without a handle: what is unmapped leaves a frame, and no slot.
    std::array<u64, 2> spare{};

    Before()
    {
        for (u64& at : spare) {
            const auto single = need(sys::create_memory(Bytes{page_bytes}));
            at = need(sys::fetch(Syscall::memory_map, single.slot(), 0, 0, page_bytes,
                                 right::read.raw, 0));
        }
    }
    Before(const Before&) = delete;
    Before& operator=(const Before&) = delete;
    ~Before()
    {
        for (usize i = 0; i < spare.size(); ++i)
            free_one_frame();
    }

    void free_one_frame()
    {
        for (u64& at : spare)
            if (const u64 address = std::exchange(at, 0); address != 0)
                return need(sys::perform(Syscall::memory_unmap, abi::no_slot, address, page_bytes));
    }
};

Result<sys::Handle<sys::Pin>> pin(const Before& b)
{
    return sys::owned<sys::Pin>(sys::fetch(Syscall::dma_pin, device(free_slot).slot,
                                           b.memory.slot().raw(), 0, 8, right::read.raw));
}

// Places for more handles than there will be objects. A table keeps them.
void make_room_for_handles(const Before& b)
{
    std::array<sys::Handle<sys::Notification>, 512> held;
    for (auto& handle : held)
        handle = need(sys::duplicate(b.bell.borrow(), right::signal));
}

void memory_is_refused(const Before& b)
{
    fails(sys::create_memory(Bytes{page_bytes}), Errc::no_memory);
    fails(sys::create_memory(Bytes{page_bytes}, abi::MemoryFlags::contiguous), Errc::no_memory);
    fails(sys::invoke(abi::SYS_DMA_ALLOC, device(free_slot).slot, page_bytes), Errc::no_memory);
    fails(sys::map_into(b.second.borrow(), b.memory.borrow(), Bytes{page_bytes}, sys::read_only,
                        VirtAddr{u64{7} << 30}),
          Errc::no_memory);
    fails(sys::create_thread(check::self(), VirtAddr{abi::image_base}, VirtAddr{0x1000}, 0, 0),
          Errc::no_memory);
}

// Objects are packed into frames: some more of each kind may fit.
void objects_are_refused(const Before& b, Hoard& hoard)
{
    equals(hoard.until_it_fails([] { return sys::create_endpoint(); }), Errc::no_memory);
    equals(hoard.until_it_fails([] { return sys::create_notification(); }), Errc::no_memory);
    equals(hoard.until_it_fails([&] { return sys::mint(b.endpoint.borrow(), 1); }),
           Errc::no_memory);
    equals(hoard.until_it_fails(make_process), Errc::no_memory);
    equals(hoard.until_it_fails([&] { return pin(b); }), Errc::no_memory);
}

// The table of a process that has no handle yet, and our own once its last page is full.
void slots_are_refused(const Before& b, Hoard& hoard)
{
    fails(sys::grant(b.child.borrow(), b.memory.slot(), right::read), Errc::no_memory);
    fails(sys::lend(device(lent_slot), b.child.borrow(), right::map), Errc::no_memory);
    equals(hoard.until_it_fails([&] { return sys::duplicate(b.bell.borrow(), right::signal); }),
           Errc::no_memory);
    fails(sys::interrupt(device(free_slot)), Errc::no_memory);
    fails(sys::invoke(abi::SYS_DMA_ALLOC, device(free_slot).slot, page_bytes), Errc::no_memory);
    fails(sys::mint(b.endpoint.borrow(), 1), Errc::no_memory);
    fails(sys::create_thread(check::self(), VirtAddr{abi::image_base}, VirtAddr{0x1000}, 0, 0),
          Errc::no_memory);
    const sys::Letter letter{abi::Header::make(1, 0, 0, 4), {}};
    const auto receiver = b.endpoint.borrow();
    equals(sys::receive(receiver, 4, abi::now).header.status(), Errc::no_memory);
    equals(sys::reply_receive(receiver, letter, abi::now).header.status(), Errc::no_memory);
    equals(sys::signal_receive(receiver, 4, b.bell.borrow(), abi::Bits::at(0), abi::now)
               .header.status(),
           Errc::no_memory);
    equals(sys::call(b.client.borrow(), letter, sys::after_ms(1)).header.status(), Errc::no_memory);
}

// Frames enough for the object, and none for its slot: the object must go again.
void objects_go_without_slots(Before& b)
{
    b.free_one_frame();
    fails(sys::create_memory(Bytes{page_bytes}), Errc::no_memory);
    fails(sys::create_endpoint(), Errc::no_memory);
    fails(sys::create_notification(), Errc::no_memory);
    fails(pin(b), Errc::no_memory);
    equals(need(sys::system_info()).frames_free, 1);
    b.free_one_frame();
    fails(make_process(), Errc::no_memory);
    equals(need(sys::system_info()).frames_free, 2);
}

void mappings_are_refused(const Before& b)
{
    Places places;
    equals(places.until_it_fails(b.memory), Errc::no_memory);
    fails(sys::map_device(device(own_page)), Errc::no_memory);
}

void nothing_left_to_give()
{
    Before before;
    make_room_for_handles(before);
    const Untold untold;
    for (u32 i = 0; i < 8; ++i)
        (void)own(own_page + i, right::map);
    Hoard hoard;
    take_all_memory(hoard);
    const auto self = need(sys::info(check::self()));
    that(self.frames_used < self.frames_limit, "the quota ended first: this case shows nothing");
    memory_is_refused(before);
    objects_are_refused(before, hoard);
    mappings_are_refused(before);
    slots_are_refused(before, hoard);
    objects_go_without_slots(before);
}

constexpr std::array cases{
    check::Case{"without a frame left every call that needs one says no_memory",
                nothing_left_to_give},
};

}  // namespace

const check::Cases frame_cases{cases};
