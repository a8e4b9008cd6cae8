// actor/server.cpp - a server on the granted endpoint "serve" that answers as check/actor.hpp says.
#include "behaviour.hpp"

#include <cstring>

#include <check/actor.hpp>
#include <sys/endpoint.hpp>
#include <sys/handle_set.hpp>
#include <sys/notification.hpp>
#include <sys/process.hpp>
#include <sys/time.hpp>

namespace actor {

namespace {

using abi::Header;
using check::Ask;
using sys::Incoming;
using sys::Letter;

struct Seen {
    u64 gone = 0;
    u64 last_gone = 0;
};

Letter words(u16 ordinal, std::initializer_list<u64> values)
{
    Letter letter{Header::make(ordinal, values.size() * sizeof(u64)), {}};
    std::copy(values.begin(), values.end(), letter.words.begin());
    return letter;
}

// A long payload is in the message page already, where the answer is looked for.
Letter echo(const Incoming& in)
{
    return {Header::make(in.header.ordinal(), in.header.size()), in.words};
}

Letter filled(const Incoming& in)
{
    const u64 bytes = std::min(in.words[0], abi::message_bytes);
    Letter letter{Header::make(in.header.ordinal(), bytes), {}};
    auto* const place = bytes <= abi::register_bytes ? reinterpret_cast<u8*>(letter.words.data())
                                                     : sys::message_page().payload.data();
    for (u64 i = 0; i < bytes; ++i)
        place[i] = check::fill_byte(in.words[1], i);
    return letter;
}

Letter kinds(const Incoming& in)
{
    Letter letter{Header::make(in.header.ordinal(), 32), {}};
    const auto handles = sys::message_page().handles;
    for (u64 i = 0; i < in.header.handles(); ++i) {
        const auto about = sys::handle_info(handles[i]);
        letter.words[i] = about ? static_cast<u64>(about->kind) : 0;
        sys::close(handles[i]);
    }
    return letter;
}

Letter give(const Incoming& in)
{
    const u64 count = std::min(in.words[0], abi::message_handles);
    std::array<abi::Slot, abi::message_handles> made{};
    for (u64 i = 0; i < count; ++i) {
        auto fresh = sys::create_notification();
        if (!fresh)
            sys::exit(call_failed);
        (void)sys::signal(fresh->borrow(), abi::Bits::at(static_cast<unsigned>(i)));
        made[i] = fresh->release();
    }
    sys::message_page().handles = made;
    return {Header::make(in.header.ordinal(), 0, count), {}};
}

// An answer with a handle that is none; what the kernel says to that is the second answer.
Letter junk(const Incoming& in)
{
    sys::message_page().handles[0] = abi::Slot{in.words[0]};
    const auto refused = sys::reply({Header::make(in.header.ordinal(), 0, 1), {}});
    return words(in.header.ordinal(), {refused ? 0 : static_cast<u64>(refused.error())});
}

Letter raise(const Incoming& in)
{
    const abi::Slot slot = sys::message_page().handles[0];
    const auto done = sys::signal({slot}, abi::Bits::at(static_cast<unsigned>(in.words[0])));
    sys::close(slot);
    return words(in.header.ordinal(), {done ? 0 : static_cast<u64>(done.error())});
}

Letter hold(const Incoming& in)
{
    const auto nobody = sys::create_notification();
    if (nobody)
        (void)sys::wait(nobody->borrow(), sys::after_ms(in.words[0]));
    return words(in.header.ordinal(), {});
}

Letter refuse(const Incoming& in)
{
    Letter letter = words(in.header.ordinal(), {1, 2, 3, 4, 5, 6, 7});
    letter.header.raw =
        Header::make(in.header.ordinal(), in.words[1]).raw | (in.words[0] & 0xffff'ffff);
    return letter;
}

Letter answer(const Incoming& in, const Seen& seen)
{
    switch (static_cast<Ask>(in.header.ordinal())) {
    case Ask::echo:
        return echo(in);
    case Ask::filled:
        return filled(in);
    case Ask::kinds:
        return kinds(in);
    case Ask::give:
        return give(in);
    case Ask::die:
        sys::exit(in.words[0]);
    case Ask::fault:
        __builtin_trap();
    case Ask::badge:
        return words(in.header.ordinal(), {in.badge, seen.gone, seen.last_gone});
    case Ask::refuse:
        return refuse(in);
    case Ask::junk:
        return junk(in);
    case Ask::raise:
        return raise(in);
    case Ask::hold:
        return hold(in);
    case Ask::taken:
        return words(in.header.ordinal(), {in.header.raw});
    }
    return {Header::failure(Errc::not_supported), {}};
}

u64 serve(const sys::Startup& given)
{
    const auto endpoint = given.grant<sys::Endpoint>("serve");
    if (!endpoint)
        return not_granted;
    const auto take = static_cast<unsigned>(number(given, 1));
    Seen seen;
    Incoming in = sys::receive(*endpoint, take);
    for (;;) {
        if (in.gone()) {
            ++seen.gone;
            seen.last_gone = in.badge;
            in = sys::receive(*endpoint, take);
            continue;
        }
        if (!in.request())
            return call_failed;
        Letter letter = answer(in, seen);
        letter.header.raw |= Header::Take::make(take);
        in = sys::reply_receive(*endpoint, letter);
    }
}

constexpr std::array list{
    Behaviour{"serve", serve},
};

}  // namespace

const std::span<const Behaviour> servers{list};

}  // namespace actor
