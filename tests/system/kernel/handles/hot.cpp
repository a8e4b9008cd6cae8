// hot.cpp - the calls that have short ways, made without a deadline through every handle that is
// not good for them. Whatever a short way takes for good would sleep for ever.
#include "cases.hpp"

#include <check/raw.hpp>
#include <sys/endpoint.hpp>
#include <sys/memory.hpp>
#include <sys/notification.hpp>

namespace {

using abi::Syscall;
using check::equals;
using check::need;
using check::works;

namespace right = abi::right;

struct Call {
    Syscall number;
    abi::Kind kind;
    abi::Rights needs;
};
constexpr std::array calls{
    Call{Syscall::call, abi::Kind::endpoint, right::call},
    Call{Syscall::reply_recv, abi::Kind::endpoint, right::receive},
    Call{Syscall::recv, abi::Kind::endpoint, right::receive},
    Call{Syscall::signal_recv, abi::Kind::endpoint, right::receive},
    Call{Syscall::signal, abi::Kind::notification, right::signal},
    Call{Syscall::wait, abi::Kind::notification, right::wait},
    Call{Syscall::signal_wait, abi::Kind::notification, right::wait},
};

struct Held {
    abi::Slot slot;
    abi::Kind kind;
    abi::Rights rights;
};

struct Kit {
    sys::Handle<sys::Notification> bell = need(sys::create_notification());
    sys::Handle<sys::Notification> deaf = need(sys::duplicate(bell.borrow(), right::signal));
    sys::Handle<sys::Notification> mute = need(sys::duplicate(bell.borrow(), right::wait));
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> receiver = need(sys::duplicate(endpoint.borrow(), right::receive));
    sys::Handle<sys::Endpoint> client = need(sys::mint(endpoint.borrow(), 3));
    sys::Handle<sys::Memory> memory = need(sys::create_memory(Bytes{page_bytes}));
    sys::Handle<sys::Notification> other = need(sys::create_notification());

    std::array<Held, 5> all() const
    {
        return {{{deaf.slot(), abi::Kind::notification, right::signal},
                 {mute.slot(), abi::Kind::notification, right::wait},
                 {receiver.slot(), abi::Kind::endpoint, right::receive},
                 {client.slot(), abi::Kind::endpoint, right::call},
                 {memory.slot(), abi::Kind::memory, right::none}}};
    }
};

// The handle of another call was used last; x0, x1 and x2 are good for any of them.
Errc result(const Kit& kit, Syscall number, abi::Slot slot)
{
    works(sys::signal(kit.deaf.borrow(), abi::Bits{}));
    check::RawRegisters in{};
    in.x[0] = number == Syscall::signal_wait ? kit.other.slot().raw() : abi::Header::make(1, 0).raw;
    in.x[1] = number == Syscall::signal_wait ? 1 : kit.other.slot().raw();
    in.x[2] = 1;
    in.x[9] = abi::never.raw();
    return check::raw_error(check::raw_call(number, slot, in));
}

void another_kind_or_right()
{
    const Kit kit;
    for (const Call& call : calls)
        for (const Held& held : kit.all())
            if (held.kind != call.kind)
                equals(result(kit, call.number, held.slot), Errc::wrong_kind);
            else if (!held.rights.has(call.needs))
                equals(result(kit, call.number, held.slot), Errc::denied);
    check::fails(sys::wait(kit.other.borrow(), abi::now), Errc::timed_out);
}

void another_generation()
{
    const Kit kit;
    for (const Call& call : calls)
        for (const Held& held : kit.all())
            for (unsigned bit = 13; bit < 45; ++bit)
                equals(result(kit, call.number, abi::Slot{held.slot.raw() ^ u64{1} << bit}),
                       Errc::bad_handle);
    check::fails(sys::wait(kit.other.borrow(), abi::now), Errc::timed_out);
}

// The handle of the last short call is closed: the thread still remembers where it was.
void closed_since()
{
    const Kit kit;
    for (const Call& call : calls) {
        auto bell = need(sys::create_notification());
        const abi::Slot slot = bell.slot();
        works(sys::signal(bell.borrow(), abi::Bits::at(0)));
        equals(need(sys::wait(bell.borrow())), abi::Bits::at(0));
        bell = {};
        check::RawRegisters in{};
        in.x[9] = abi::never.raw();
        equals(check::raw_error(check::raw_call(call.number, slot, in)), Errc::bad_handle);
    }
}

constexpr std::array cases{
    check::Case{"a hot call through a handle of another kind or right is refused",
                another_kind_or_right},
    check::Case{"a hot call through a handle of another generation is refused", another_generation},
    check::Case{"a hot call through the handle of the last one is refused once that is closed",
                closed_since},
};

}  // namespace

const check::Cases hot_cases{cases};
