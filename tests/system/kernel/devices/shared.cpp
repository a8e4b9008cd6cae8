// shared.cpp - a device whose page also holds a device of somebody else: no mapping, but every
// register by call.
#include "cases.hpp"
#include "io.hpp"

#include <check/child.hpp>
#include <proto/names.hpp>
#include <sys/session.hpp>

namespace {

using check::equals;
using check::fails;
using check::need;
using check::works;

constexpr u64 status = 0x70;

void not_exclusive()
{
    for (int i = 0; i < 3; ++i)
        fails(sys::map_device(device()), Errc::not_exclusive);
}

void by_call()
{
    equals(need(io(device(), {})), u64{0x74726976});
    equals(need(io(device(), {.offset = 8})), 4);
    works(io(device(), {.offset = status, .value = 0, .write = 1}));
    equals(need(io(device(), {.offset = status})), 0);
    works(io(device(), {.offset = status, .value = 1, .write = 1}));
    equals(need(io(device(), {.offset = status})), 1);
    works(io(device(), {.offset = status, .value = 0, .write = 1}));
}

// Every byte of the page beyond our window, before and behind.
void nothing_of_the_neighbours()
{
    for (u64 offset = 0x200; offset < page_bytes; offset += 4) {
        fails(io(device(), {.offset = offset}), Errc::out_of_range);
        fails(io(device(), {.offset = 0 - offset}), Errc::out_of_range);
    }
    fails(io(device(), {.offset = 0x200 + status, .value = 128, .write = 1}), Errc::out_of_range);
}

void init_says_so()
{
    const auto names = need(check::given().grant<sys::Endpoint>("names"));
    for (u32 i = 0; i < 2; ++i) {
        const auto reply = need(sys::call<proto::names::Device>(names, {i, 0})).reply;
        equals(reply.exclusive, 0u);
        equals(reply.present, 1u);
    }
    fails(sys::call<proto::names::Device>(names, {2, 0}), Errc::out_of_range);
}

constexpr std::array cases{
    check::Case{"a page with somebody else's device is not mapped", not_exclusive},
    check::Case{"its registers work by call", by_call},
    check::Case{"no offset reaches a neighbour's register", nothing_of_the_neighbours},
    check::Case{"init says that the page is shared", init_says_so},
};

}  // namespace

int app_main(const sys::Startup& given) { return check::run(given, {cases}); }
