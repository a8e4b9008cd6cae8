// rights.cpp - kinds and rights: every call against handles of every wrong kind, and against a
// handle without its right.
#include "cases.hpp"

#include <check/raw.hpp>
#include <sys/endpoint.hpp>
#include <sys/memory.hpp>
#include <sys/notification.hpp>
#include <sys/process.hpp>

namespace {

using abi::Kind;
using abi::Syscall;
using check::equals;
using check::fails;
using check::need;
using check::works;

namespace right = abi::right;

// What a call needs of the handle in x8.
struct Needs {
    Syscall call;
    Kind kind;
    abi::Rights rights;
};

constexpr std::array needs{
    Needs{Syscall::call, Kind::endpoint, right::call},
    Needs{Syscall::reply_recv, Kind::endpoint, right::receive},
    Needs{Syscall::recv, Kind::endpoint, right::receive},
    Needs{Syscall::signal_recv, Kind::endpoint, right::receive},
    Needs{Syscall::signal, Kind::notification, right::signal},
    Needs{Syscall::wait, Kind::notification, right::wait},
    Needs{Syscall::signal_wait, Kind::notification, right::wait},
    Needs{Syscall::memory_map, Kind::memory, right::read},
    Needs{Syscall::memory_info, Kind::memory, right::none},
    Needs{Syscall::endpoint_mint, Kind::endpoint, right::manage},
    Needs{Syscall::endpoint_watch, Kind::endpoint, right::manage},
    Needs{Syscall::endpoint_give_up, Kind::endpoint, right::manage},
    Needs{Syscall::endpoint_info, Kind::endpoint, right::none},
    Needs{Syscall::notification_bind, Kind::notification, right::wait},
    Needs{Syscall::process_create, Kind::process, right::manage},
    Needs{Syscall::process_grant, Kind::process, right::manage},
    Needs{Syscall::process_kill, Kind::process, right::manage},
    Needs{Syscall::process_watch, Kind::process, right::read},
    Needs{Syscall::process_info, Kind::process, right::read},
    Needs{Syscall::thread_create, Kind::process, right::manage},
    Needs{Syscall::thread_move, Kind::thread, right::manage},
    Needs{Syscall::device_info, Kind::device, right::none},
    Needs{Syscall::device_lend, Kind::device, right::manage},
    Needs{Syscall::device_interrupt, Kind::device, right::map},
    Needs{Syscall::map_device, Kind::device, right::map},
    Needs{Syscall::device_io, Kind::device, right::map},
    Needs{Syscall::irq_register, Kind::interrupt, right::wait},
    Needs{Syscall::irq_wait, Kind::interrupt, right::wait},
    Needs{Syscall::dma_alloc, Kind::device, right::dma},
    Needs{Syscall::virt_to_phys, Kind::device, right::dma},
    Needs{Syscall::dma_pin, Kind::device, right::dma},
    Needs{Syscall::dma_runs, Kind::pin, right::none},
    Needs{Syscall::device_quiesced, Kind::device, right::manage},
    Needs{Syscall::system_off, Kind::process, right::system},
};

// Arguments that are good for each of them, as far as they are looked at before the handle.
check::RawRegisters arguments()
{
    check::RawRegisters in{};
    in.x[2] = page_bytes;  // memory_map
    in.x[3] = right::read.raw;
    return in;
}

// One handle of each kind that a program can make by itself.
struct Everything {
    sys::Handle<sys::Notification> notification = need(sys::create_notification());
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    sys::Handle<sys::Memory> memory = need(sys::create_memory(Bytes{page_bytes}));
    sys::Handle<sys::Process> process =
        need(sys::create_process(check::self(), {8, 0, 0, 0, text::padded<16>("nobody"), 0, 0}));

    std::array<abi::Slot, 4> slots() const
    {
        return {notification.slot(), endpoint.slot(), memory.slot(), process.slot()};
    }
    static constexpr std::array kinds{Kind::notification, Kind::endpoint, Kind::memory,
                                      Kind::process};

    ~Everything() { (void)sys::kill(process.borrow()); }
    Everything() = default;
    Everything(const Everything&) = delete;
    Everything& operator=(const Everything&) = delete;
};

void wrong_kinds()
{
    const Everything all;
    for (const Needs& need_of : needs)
        for (usize i = 0; i < all.kinds.size(); ++i) {
            if (all.kinds[i] == need_of.kind)
                continue;
            const auto out = check::raw_call(need_of.call, all.slots()[i], arguments());
            equals(check::raw_error(out), Errc::wrong_kind);
        }
}

void no_handle_at_all()
{
    for (const Needs& need_of : needs)
        equals(check::raw_error(check::raw_call(need_of.call, abi::no_slot, arguments())),
               Errc::bad_handle);
}

// A duplicate with every right but those of `without`.
abi::Slot stripped(abi::Slot slot, abi::Rights without)
{
    const auto about = need(sys::handle_info(slot));
    const abi::Rights rest{static_cast<u16>(about.rights.raw & ~without.raw)};
    return abi::Slot{need(sys::fetch(Syscall::duplicate, slot, rest.raw, ~u64{0}))};
}

void missing_rights()
{
    const Everything all;
    const auto badged = need(sys::mint(all.endpoint.borrow(), 7));
    for (const Needs& need_of : needs) {
        if (need_of.rights == right::none)
            continue;
        for (usize i = 0; i < all.kinds.size(); ++i) {
            if (all.kinds[i] != need_of.kind)
                continue;
            const bool caller = need_of.call == Syscall::call;
            const abi::Slot weak =
                stripped(caller ? badged.slot() : all.slots()[i], need_of.rights);
            equals(check::raw_error(check::raw_call(need_of.call, weak, arguments())),
                   Errc::denied);
            sys::close(weak);
        }
    }
}

void duplicates_shrink()
{
    const auto memory = need(sys::create_memory(Bytes{page_bytes}));
    const auto reader = need(sys::duplicate(memory.borrow(), right::read | right::duplicate));
    equals(need(sys::handle_info(reader.slot())).rights, right::read | right::duplicate);
    fails(sys::duplicate(reader.borrow(), right::read | right::write), Errc::denied);
    fails(sys::duplicate(reader.borrow(), right::all), Errc::denied);
    const auto bare = need(sys::duplicate(reader.borrow(), right::none));
    equals(need(sys::handle_info(bare.slot())).rights, right::none);
    fails(sys::duplicate(bare.borrow(), right::none), Errc::denied);
    works(sys::info(bare.borrow()));
}

void unknown_rights()
{
    const auto memory = need(sys::create_memory(Bytes{page_bytes}));
    for (unsigned n = 13; n < 64; ++n)
        fails(sys::fetch(Syscall::duplicate, memory.slot(), u64{1} << n, 0), Errc::bad_argument);
    fails(sys::fetch(Syscall::duplicate, memory.slot(), ~u64{0}, 0), Errc::bad_argument);
}

// A grant is a duplicate that went to another table: it needs both rights, and shrinks.
void grants_shrink()
{
    const Everything all;
    const auto child =
        need(sys::create_process(check::self(), {16, 8, 0, 0, text::padded<16>("child"), 0, 0}));
    const auto weak =
        need(sys::duplicate(all.memory.borrow(), right::read | right::transfer | right::duplicate));
    fails(sys::grant(child.borrow(), weak.slot(), right::write), Errc::denied);
    fails(sys::grant(child.borrow(), all.memory.slot(), right::system), Errc::denied);
    fails(sys::grant(child.borrow(), all.memory.slot(), abi::Rights{0x2000}), Errc::bad_argument);
    for (const abi::Rights one : {right::duplicate, right::transfer}) {
        const auto half = need(sys::duplicate(all.memory.borrow(), right::read | one));
        fails(sys::grant(child.borrow(), half.slot(), right::read), Errc::denied);
    }
    works(sys::grant(child.borrow(), weak.slot(), right::read));
    fails(sys::grant(child.borrow(), abi::Slot{12345}, right::read), Errc::bad_handle);
    works(sys::kill(child.borrow()));
    fails(sys::grant(child.borrow(), weak.slot(), right::read), Errc::peer_gone);
}

void handles_tell_what_they_are()
{
    const Everything all;
    for (usize i = 0; i < all.kinds.size(); ++i)
        equals(need(sys::handle_info(all.slots()[i])).kind, all.kinds[i]);
    const auto badged = need(sys::mint(all.endpoint.borrow(), 0x1234'5678'9abc'def0));
    const auto about = need(sys::handle_info(badged.slot()));
    equals(about.kind, Kind::endpoint);
    equals(about.mask_or_badge, 0x1234'5678'9abc'def0);
    equals(about.rights, right::call | right::duplicate | right::transfer);
    equals(need(sys::handle_info(all.endpoint.slot())).mask_or_badge, 0);
    fails(sys::mint(all.endpoint.borrow(), 0), Errc::bad_argument);
}

constexpr std::array cases{
    check::Case{"a handle of another kind is refused by every call", wrong_kinds},
    check::Case{"no handle is refused by every call that needs one", no_handle_at_all},
    check::Case{"a handle without the right is refused by every call that needs one",
                missing_rights},
    check::Case{"a duplicate has the rights that were asked for, and never more",
                duplicates_shrink},
    check::Case{"rights that do not exist are refused", unknown_rights},
    check::Case{
        "a grant has a subset of the rights, and needs the rights to duplicate and to transfer",
        grants_shrink},
    check::Case{"a handle tells its kind, its rights and its badge", handles_tell_what_they_are},
};

}  // namespace

const check::Cases rights_cases{cases};
