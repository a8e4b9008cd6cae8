// payload.cpp - every size of message, both ways, byte for byte.
#include "cases.hpp"
#include "served.hpp"

#include <cstring>

#include <check/raw.hpp>

namespace {

using abi::Header;
using check::Ask;
using check::equals;
using check::that;
using served::ask;
using served::letter;
using served::Service;

std::span<u8> page() { return sys::message_page().payload; }

void fill(std::span<u8> place, u64 seed)
{
    for (u64 i = 0; i < place.size(); ++i)
        place[i] = check::fill_byte(seed, i);
}

u64 wrong_bytes(std::span<const u8> place, u64 seed)
{
    u64 wrong = 0;
    for (u64 i = 0; i < place.size(); ++i)
        wrong += place[i] != check::fill_byte(seed, i) ? 1 : 0;
    return wrong;
}

void short_messages()
{
    const Service service;
    for (u64 bytes = 0; bytes <= abi::register_bytes; ++bytes) {
        served::Words words{};
        fill({reinterpret_cast<u8*>(words.data()), bytes}, bytes);
        const auto in = ask(service, letter(Ask::echo, bytes, words));
        equals(in.header.status(), Errc::ok);
        equals(in.header.size(), bytes);
        equals(in.header.ordinal(), static_cast<u16>(Ask::echo));
        that(in.words == words, "the words came back changed");
    }
}

void long_messages()
{
    const Service service;
    for (u64 bytes = abi::register_bytes + 1; bytes <= abi::message_bytes; ++bytes) {
        std::memset(page().data(), 0xee, page().size());
        fill(page().first(bytes), bytes);
        const auto in = ask(service, letter(Ask::echo, bytes));
        equals(in.header.status(), Errc::ok);
        equals(in.header.size(), bytes);
        equals(wrong_bytes(page().first(bytes), bytes), 0);
    }
}

// The size of the answer does not depend on that of the request.
void mixed_sizes()
{
    const Service service;
    for (const u64 bytes : {u64{0}, u64{1}, u64{56}, u64{57}, u64{64}, u64{511}, u64{512}}) {
        std::memset(page().data(), 0xee, page().size());
        const auto in = ask(service, letter(Ask::filled, 16, {bytes, 9}));
        equals(in.header.size(), bytes);
        const auto* const place = bytes <= abi::register_bytes
                                      ? reinterpret_cast<const u8*>(in.words.data())
                                      : page().data();
        equals(wrong_bytes({place, bytes}, 9), 0);
        if (bytes > abi::register_bytes)
            for (u64 i = bytes; i < abi::message_bytes; ++i)
                that(page()[i] == 0xee, "the kernel wrote more than the message");
        else
            that(page()[0] == 0xee, "the kernel wrote a page that the message did not need");
    }
}

void too_long_messages()
{
    const Service service;
    for (const u64 bytes : {u64{513}, u64{600}, u64{1023}})
        equals(ask(service, letter(Ask::echo, bytes)).header.status(), Errc::too_big);
    equals(ask(service, letter(Ask::echo, 8, {7})).words[0], 7);
}

// The thread's own part of its message page is never touched.
void scratch_is_kept()
{
    const Service service;
    auto& scratch = sys::message_page().scratch;
    fill(scratch, 3);
    fill(page(), 4);
    equals(ask(service, letter(Ask::echo, 512)).header.size(), 512);
    equals(wrong_bytes(scratch, 3), 0);
}

// The request's own status field is none: the server sees zero there, and the sizes as they were
// sent.
void the_request_header_is_clean()
{
    const Service service;
    for (const u64 junk : {u64{1}, u64{0xffff'ffff}}) {
        auto request = letter(Ask::taken, 16, {1, 2}, 0, 3);
        request.header.raw |= junk;
        const auto in = ask(service, request);
        equals(in.header.status(), Errc::ok);
        equals(in.words[0], letter(Ask::taken, 16, {}, 0, 3).header.raw);
    }
}

void statuses_reach_the_caller()
{
    const Service service;
    for (const u64 status : {u64{1}, u64{13}, u64{11}, u64{0xdead'beef}, u64{0xffff'ffff}})
        for (const u64 bytes : {u64{0}, u64{56}}) {
            const auto in = ask(service, letter(Ask::refuse, 16, {status, bytes}));
            equals(static_cast<u64>(in.header.status()), status);
            equals(in.header.size(), bytes);
            equals(in.header.take(), 0);
        }
}

constexpr std::array cases{
    check::Case{"messages of 0 to 56 bytes arrive byte for byte", short_messages},
    check::Case{"messages of 57 to 512 bytes arrive byte for byte", long_messages},
    check::Case{"an answer may be shorter or longer than its request, and no byte more is written",
                mixed_sizes},
    check::Case{"a message of more than 512 bytes is refused at the sender", too_long_messages},
    check::Case{"the scratch part of the message page belongs to the thread", scratch_is_kept},
    check::Case{"a server sees the header as it was sent, without a status",
                the_request_header_is_clean},
    check::Case{"a server's status reaches the caller untouched", statuses_reach_the_caller},
};

}  // namespace

const check::Cases payload_cases{cases};
