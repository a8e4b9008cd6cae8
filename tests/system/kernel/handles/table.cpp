// table.cpp - how many handles a process may have, and what happens at the limit.
#include "cases.hpp"

#include <sys/endpoint.hpp>
#include <sys/memory.hpp>
#include <sys/notification.hpp>
#include <sys/process.hpp>

namespace {

using check::equals;
using check::fails;
using check::need;
using check::works;

constexpr u32 most = 1500;  // handles.toml
std::array<abi::Slot, most> held;

// Takes all that is left; gives how many, and checks why there are no more.
u32 fill(sys::Borrowed<sys::Notification> from)
{
    u32 count = 0;
    for (; count < most; ++count) {
        auto copy = sys::duplicate(from, abi::right::signal | abi::right::duplicate);
        if (!copy) {
            fails(copy, Errc::over_quota);
            break;
        }
        held[count] = copy->release();
    }
    return count;
}

void empty(u32 count)
{
    for (u32 i = 0; i < count; ++i)
        works(sys::perform(abi::Syscall::close, held[i]));
}

abi::ProcessInfo own() { return need(sys::info(check::self())); }

void full_and_empty_again()
{
    const auto source = need(sys::create_notification());
    const u32 left = own().handles_limit - own().handles_used;
    const u32 count = fill(source.borrow());
    equals(u64{count}, left);
    equals(own().handles_used, own().handles_limit);
    for (u32 i = 0; i < count; ++i)
        works(sys::signal({held[i]}, abi::Bits::at(1)));
    empty(count);
    equals(own().handles_used, own().handles_limit - left);
}

void full_refuses_every_maker()
{
    const auto source = need(sys::create_notification());
    const auto endpoint = need(sys::create_endpoint());
    const u32 count = fill(source.borrow());
    const auto before = need(sys::system_info());
    fails(sys::create_notification(), Errc::over_quota);
    fails(sys::create_endpoint(), Errc::over_quota);
    fails(sys::create_memory(Bytes{1}), Errc::over_quota);
    fails(sys::mint(endpoint.borrow(), 1), Errc::over_quota);
    const abi::ProcessQuota quota{8, 0, 1, 0, text::padded<16>("one"), 0, 0};
    fails(sys::create_process(check::self(), quota), Errc::over_quota);
    fails(sys::create_thread(check::self(), VirtAddr{0x400000}, VirtAddr{0x500000}, 0, 0),
          Errc::over_quota);
    equals(sys::receive(endpoint.borrow(), 1, abi::now).header.status(), Errc::over_quota);
    equals(sys::signal_receive(endpoint.borrow(), 1, source.borrow(), abi::Bits::at(0), abi::now)
               .header.status(),
           Errc::over_quota);
    const sys::Letter nothing{abi::Header::make(1, 0, 0, 1), {}};
    equals(sys::reply_receive(endpoint.borrow(), nothing, abi::now).header.status(),
           Errc::over_quota);
    const auto after = need(sys::system_info());
    equals(after.frames_free, before.frames_free);
    equals(after.notifications, before.notifications);
    equals(after.endpoints, before.endpoints);
    equals(after.memories, before.memories);
    equals(after.badges, before.badges);
    equals(after.processes, before.processes);
    equals(after.threads, before.threads);
    empty(count);
}

void one_free_slot_is_enough()
{
    const auto source = need(sys::create_notification());
    const u32 count = fill(source.borrow());
    sys::close(held[count / 2]);
    auto again = need(sys::create_notification());
    fails(sys::create_notification(), Errc::over_quota);
    sys::close(again.release());
    held[count / 2] = need(sys::create_endpoint()).release();
    empty(count);
}

// Slots that recv sets aside come back when nothing was received.
void reserved_slots_come_back()
{
    const auto endpoint = need(sys::create_endpoint());
    const u32 before = own().handles_used;
    equals(sys::receive(endpoint.borrow(), 4, abi::now).header.status(), Errc::timed_out);
    equals(sys::receive(endpoint.borrow(), 4, sys::after_ms(2)).header.status(), Errc::timed_out);
    equals(own().handles_used, before);
}

constexpr std::array cases{
    check::Case{"a table holds as many handles as its quota says, and takes them again",
                full_and_empty_again},
    check::Case{"a full table refuses every call that makes a handle, and nothing is made",
                full_refuses_every_maker},
    check::Case{"one closed handle makes room for one", one_free_slot_is_enough},
    check::Case{"slots reserved for a receive that ends empty come back", reserved_slots_come_back},
};

}  // namespace

const check::Cases table_cases{cases};
