// sys/syscall.hpp - calls of the kernel by number. abi/syscall.hpp has the registers of each; the
// headers beside this one have a typed function for each.
#pragma once

#include <utility>

#include <abi/syscall.hpp>
#include <sys/machine.hpp>

namespace sys {

// Values of a successful call: [1] is x1 and so on.
struct Values {
    std::array<u64, 8> x;

    u64 operator[](usize i) const { return x[i]; }
};

constexpr u64 call_word(abi::Syscall number, abi::Slot about)
{
    return abi::CallNumber::make(static_cast<u64>(number)) | abi::CallSlot::make(about.raw());
}

namespace detail {

template <class... Arguments>
Registers registers(abi::Syscall number, abi::Slot about, Arguments... arguments)
{
    static_assert(sizeof...(Arguments) <= 8);
    Registers r;
    usize next = 0;
    ((r.x[next++] = static_cast<u64>(arguments)), ...);
    while (next < r.x.size())
        r.x[next++] = ignored();
    r.x8 = call_word(number, about);
    r.x9 = ignored();
    return r;
}

inline Errc error(const Registers& r) { return static_cast<Errc>(static_cast<u32>(r.x[0])); }

}  // namespace detail

// Any call but the IPC ones, about the handle `about` (abi::no_slot: about none).
template <class... Arguments>
Result<Values> invoke(abi::Syscall number, abi::Slot about, Arguments... arguments)
{
    Registers r = detail::registers(number, about, arguments...);
    trap(r);
    if (detail::error(r) != Errc::ok) [[unlikely]]
        return fail(detail::error(r));
    return Values{r.x};
}

// The same where only success matters, or only x1.
template <class... Arguments>
Result<> perform(abi::Syscall number, abi::Slot about, Arguments... arguments)
{
    Registers r = detail::registers(number, about, arguments...);
    trap(r);
    if (detail::error(r) != Errc::ok) [[unlikely]]
        return fail(detail::error(r));
    return {};
}

template <class... Arguments>
Result<u64> fetch(abi::Syscall number, abi::Slot about, Arguments... arguments)
{
    Registers r = detail::registers(number, about, arguments...);
    trap(r);
    if (detail::error(r) != Errc::ok) [[unlikely]]
        return fail(detail::error(r));
    return r.x[1];
}

// A call that can block until `deadline`; gives x1 and the bits of the notification.
struct Woken {
    u64 x1;
    abi::Bits bits;
};

template <class... Arguments>
Result<Woken>
block(abi::Syscall number, abi::Slot about, abi::Ticks deadline, Arguments... arguments)
{
    Registers r = detail::registers(number, about, arguments...);
    r.x9 = deadline.raw();
    trap(r);
    if (detail::error(r) != Errc::ok)
        return fail(detail::error(r));
    return Woken{r.x[1], {r.x10}};
}

// What an IPC call gives and takes: the header word and 56 bytes in registers. A payload that is
// longer, and handles, are in the message page.
using Words = std::array<u64, 7>;

struct Letter {
    abi::Header header;
    Words words;
};

struct Incoming {
    abi::Header header;
    Words words;
    u64 badge;
    abi::Bits bits;

    bool request() const { return badge != 0 && header.status() == Errc::ok; }
    bool gone() const { return badge != 0 && header.status() == Errc::peer_gone; }
};

namespace detail {

inline Incoming incoming(const Registers& r)
{
    return {{r.x[0]}, {r.x[1], r.x[2], r.x[3], r.x[4], r.x[5], r.x[6], r.x[7]}, r.x9, {r.x10}};
}

}  // namespace detail

[[gnu::always_inline]] inline Incoming
exchange(abi::Syscall number, abi::Slot about, const Letter& letter, abi::Ticks deadline)
{
    const Words& w = letter.words;
    Registers r{{letter.header.raw, w[0], w[1], w[2], w[3], w[4], w[5], w[6]},
                call_word(number, about),
                deadline.raw(),
                0};
    trap(r);
    return detail::incoming(r);
}

// The same for a call that takes no message: `x1` and `x2` are its own.
[[gnu::always_inline]] inline Incoming exchange_short(
    abi::Syscall number, abi::Slot about, abi::Header header, u64 x1, u64 x2, abi::Ticks deadline)
{
    Registers r{{header.raw, x1, x2}, call_word(number, about), deadline.raw(), 0};
    trap_short(r);
    return detail::incoming(r);
}

}  // namespace sys
