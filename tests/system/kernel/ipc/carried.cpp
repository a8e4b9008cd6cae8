// carried.cpp - handles in messages: moved, never copied; all of them or none.
#include "cases.hpp"
#include "served.hpp"

#include <check/raw.hpp>

namespace {

using abi::Kind;
using check::Ask;
using check::equals;
using check::fails;
using check::need;
using check::that;
using check::works;
using served::ask;
using served::letter;
using served::Service;

namespace right = abi::right;

std::array<abi::Slot, abi::message_handles>& carried() { return sys::message_page().handles; }

u32 handles_used() { return need(sys::info(check::self())).handles_used; }

// One handle of each of four kinds.
std::array<abi::Slot, 4> four_kinds()
{
    auto endpoint = need(sys::create_endpoint());
    return {need(sys::create_notification()).release(),
            need(sys::create_memory(Bytes{page_bytes})).release(),
            need(sys::mint(endpoint.borrow(), 3)).release(),
            need(sys::create_process(check::self(), {8, 0, 0, 0, text::padded<16>("moved"), 0, 0}))
                .release()};
}

constexpr std::array<u64, 4> kinds{static_cast<u64>(Kind::notification),
                                   static_cast<u64>(Kind::memory), static_cast<u64>(Kind::endpoint),
                                   static_cast<u64>(Kind::process)};

void requests_carry_handles()
{
    const Service service;
    for (u64 count = 0; count <= 4; ++count) {
        const auto made = four_kinds();
        carried() = made;
        const u32 before = handles_used();
        const auto in = ask(service, letter(Ask::kinds, 0, {}, count));
        equals(in.header.status(), Errc::ok);
        for (u64 i = 0; i < 4; ++i)
            equals(in.words[i], i < count ? kinds[i] : 0);
        const u32 badge = count > 2 ? 1 : 0;  // the server closed it: its end is paid back
        equals(handles_used(), before - static_cast<u32>(count) - badge);
        for (u64 i = 0; i < 4; ++i)
            equals(sys::handle_info(made[i]).has_value(), i >= count);  // moved, not copied
        for (const abi::Slot slot : made)
            sys::close(slot);
    }
}

void answers_carry_handles()
{
    const Service service;
    for (u64 count = 0; count <= 4; ++count) {
        const u32 before = handles_used();
        carried().fill(abi::Slot{0x55});
        const auto in = ask(service, letter(Ask::give, 8, {count}, 0, 4));
        equals(in.header.status(), Errc::ok);
        equals(in.header.handles(), count);
        equals(handles_used(), before + static_cast<u32>(count));
        const auto got = carried();
        for (u64 i = 0; i < 4; ++i) {
            if (i >= count) {
                equals(got[i].raw(), 0);
                continue;
            }
            equals(need(sys::wait({got[i]}, abi::now)), abi::Bits::at(static_cast<unsigned>(i)));
            sys::close(got[i]);
        }
    }
}

// A message with a long payload and handles.
void handles_and_payload()
{
    const Service service;
    const auto bell = need(sys::create_notification());
    carried()[0] = need(sys::duplicate(bell.borrow(), right::signal | right::transfer)).release();
    auto request = letter(Ask::raise, 16, {9, 0}, 1);
    equals(ask(service, request).words[0], 0);
    equals(need(sys::wait(bell.borrow(), abi::now)), abi::Bits::at(9));
    carried()[0] = need(sys::duplicate(bell.borrow(), right::wait | right::transfer)).release();
    equals(static_cast<Errc>(ask(service, request).words[0]),
           Errc::denied);  // rights travel as they are
}

void junk_stays_at_the_sender()
{
    const Service service;
    auto good = need(sys::create_notification());
    const auto fixed = need(sys::duplicate(good.borrow(), right::signal));
    struct Bad {
        abi::Slot slot;
        Errc why;
    };
    for (const Bad bad :
         {Bad{abi::no_slot, Errc::bad_handle}, Bad{abi::Slot{12345}, Errc::bad_handle},
          Bad{abi::Slot{~u64{0}}, Errc::bad_handle}, Bad{fixed.slot(), Errc::denied},
          Bad{good.slot(), Errc::bad_argument}})
        for (u64 place = 1; place < 4; ++place) {
            std::array<sys::Handle<sys::Notification>, 4> others;
            for (auto& other : others)
                other = need(sys::create_notification());
            carried() = {good.slot(), others[1].slot(), others[2].slot(), others[3].slot()};
            carried()[place] = bad.slot;
            equals(ask(service, letter(Ask::kinds, 0, {}, 4)).header.status(), bad.why);
            works(sys::handle_info(good.slot()));
            for (u64 i = 0; i < 4; ++i)
                works(sys::handle_info(others[i].slot()));
        }
}

void too_many_in_the_header()
{
    const Service service;
    for (u64 count = 5; count < 8; ++count) {
        equals(ask(service, letter(Ask::kinds, 0, {}, count)).header.status(), Errc::bad_argument);
        equals(ask(service, letter(Ask::kinds, 0, {}, 0, count)).header.status(),
               Errc::bad_argument);
    }
    const auto endpoint = need(sys::create_endpoint());
    for (unsigned take = 5; take < 8; ++take)
        equals(sys::receive(endpoint.borrow(), take, abi::now).header.status(), Errc::bad_argument);
}

void more_than_the_receiver_takes()
{
    const Service service{1};
    (void)ask(service, letter(Ask::echo, 0));  // it waits now
    const auto first = need(sys::create_notification());
    const auto second = need(sys::create_notification());
    carried() = {first.slot(), second.slot()};
    equals(ask(service, letter(Ask::kinds, 0, {}, 2)).header.status(), Errc::no_space);
    works(sys::handle_info(first.slot()));
    works(sys::handle_info(second.slot()));
    // The same for one that stood in line.
    const Service late{0};
    carried() = {first.slot()};
    equals(ask(late, letter(Ask::kinds, 0, {}, 1)).header.status(), Errc::no_space);
    works(sys::handle_info(first.slot()));
}

// An answer with more handles than the caller takes is refused at the server, which then answers
// otherwise.
void more_than_the_caller_takes()
{
    const Service service;
    equals(static_cast<Errc>(ask(service, letter(Ask::junk, 8, {1})).words[0]), Errc::bad_handle);
}

void no_room_at_the_caller()
{
    const Service service;
    std::array<abi::Slot, 400> held;
    const auto source = need(sys::create_notification());
    usize count = 0;
    for (; count < held.size(); ++count) {
        auto copy = sys::duplicate(source.borrow(), right::signal);
        if (!copy)
            break;
        held[count] = copy->release();
    }
    equals(ask(service, letter(Ask::give, 8, {1}, 0, 1)).header.status(), Errc::over_quota);
    for (usize i = 0; i < count; ++i)
        sys::close(held[i]);
    equals(ask(service, letter(Ask::give, 8, {0}, 0, 1)).header.status(), Errc::ok);
}

// The handle that the call is about may itself go with it: it is gone then, and the answer comes
// nevertheless.
void the_very_handle_may_go()
{
    const Service service;
    auto moving = need(sys::mint(service.endpoint.borrow(), 77));
    carried()[0] = moving.slot();
    const auto in = ask(moving.borrow(), letter(Ask::kinds, 0, {}, 1));
    equals(in.header.status(), Errc::ok);
    equals(in.words[0], static_cast<u64>(Kind::endpoint));
    fails(sys::handle_info(moving.slot()), Errc::bad_handle);
}

constexpr std::array cases{
    check::Case{"a request moves up to four handles of any kind", requests_carry_handles},
    check::Case{"an answer moves up to four handles", answers_carry_handles},
    check::Case{"rights travel with a handle", handles_and_payload},
    check::Case{"one bad handle among four is refused at the sender, and none moves",
                junk_stays_at_the_sender},
    check::Case{"counts of more than four handles are refused", too_many_in_the_header},
    check::Case{"more handles than the receiver takes are refused at the sender",
                more_than_the_receiver_takes},
    check::Case{"an answer with a handle that is none is refused at the server",
                more_than_the_caller_takes},
    check::Case{"a caller without room for the handles it takes is refused before it calls",
                no_room_at_the_caller},
    check::Case{"a call may carry the handle that it is made on", the_very_handle_may_go},
};

}  // namespace

const check::Cases carried_cases{cases};
