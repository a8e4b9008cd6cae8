// badges.cpp - who calls: the number that a server sees, and the end of a client, told once.
#include "cases.hpp"
#include "served.hpp"

namespace {

using check::Ask;
using check::equals;
using check::need;
using check::that;
using check::works;
using served::ask;
using served::letter;
using served::Service;

// An endpoint that this thread serves itself.
struct Own {
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> receiver =
        need(sys::duplicate(endpoint.borrow(), abi::right::receive));

    sys::Handle<sys::Endpoint> mint(u64 badge) const
    {
        return need(sys::mint(endpoint.borrow(), badge));
    }
    sys::Incoming look() const { return sys::receive(receiver.borrow(), 0, abi::now); }
};

void numbers_are_whole()
{
    const Service service;
    for (const u64 badge : {u64{1}, u64{2}, u64{0x8000'0000'0000'0000}, ~u64{0}}) {
        const auto client = need(sys::mint(service.endpoint.borrow(), badge));
        equals(ask(client.borrow(), letter(Ask::badge, 0)).words[0], badge);
    }
}

void two_clients()
{
    const Service service;
    const auto other = need(sys::mint(service.endpoint.borrow(), 2));
    for (int i = 0; i < 5; ++i) {
        equals(ask(service, letter(Ask::badge, 0)).words[0], served::first_badge);
        equals(ask(other.borrow(), letter(Ask::badge, 0)).words[0], 2);
    }
}

void gone_after_the_last_handle()
{
    const Own own;
    auto first = own.mint(7);
    auto second = need(sys::duplicate(first.borrow(), abi::right::call));
    first = {};
    equals(own.look().header.status(), Errc::timed_out);
    second = {};
    const auto in = own.look();
    that(in.gone(), "nobody was told");
    equals(in.badge, 7);
    equals(own.look().header.status(), Errc::timed_out);  // once
}

void gone_wakes_a_server()
{
    const Service service;
    for (u64 i = 1; i <= 3; ++i) {
        {
            const auto client = need(sys::mint(service.endpoint.borrow(), 100 + i));
            equals(ask(client.borrow(), letter(Ask::echo, 0)).header.status(), Errc::ok);
        }
        const auto in = ask(service, letter(Ask::badge, 0));
        equals(in.words[1], i);
        equals(in.words[2], 100 + i);
    }
}

void gone_with_its_process()
{
    const Own own;
    {
        const auto client = own.mint(9);
        check::Starter starter{"exit", {.arguments = {"0"}}};
        starter.grant("target", client.slot(), abi::Kind::endpoint, abi::right::call);
        (void)starter.run().wait();
        equals(own.look().header.status(), Errc::timed_out);  // ours is left
    }
    equals(own.look().badge, 9);
}

void gone_in_order()
{
    const Own own;
    for (u64 i = 1; i <= 100; ++i)
        (void)own.mint(i);
    for (u64 i = 1; i <= 100; ++i) {
        const auto in = own.look();
        that(in.gone(), "one is missing");
        equals(in.badge, i);
    }
    equals(own.look().header.status(), Errc::timed_out);
}

void the_next_server_never_knew_them()
{
    const auto endpoint = need(sys::create_endpoint());
    {
        const auto first = need(sys::duplicate(endpoint.borrow(), abi::right::receive));
        for (u64 i = 1; i <= 10; ++i)
            (void)need(sys::mint(endpoint.borrow(), i));
    }
    (void)need(sys::mint(endpoint.borrow(), 11));  // while nobody serves
    const auto second = need(sys::duplicate(endpoint.borrow(), abi::right::receive));
    equals(sys::receive(second.borrow(), 0, abi::now).header.status(), Errc::timed_out);
}

u64 frames_free() { return need(sys::system_info()).frames_free; }

// Where the kernel tags its objects each has a page (microkernel/arch/aarch64/tags.hpp).
bool objects_have_pages()
{
    const u64 before = frames_free();
    std::array<sys::Handle<sys::Notification>, 8> some;
    for (auto& one : some)
        one = need(sys::create_notification());
    return before - frames_free() >= some.size();
}

// Badges that are gone and not told yet take memory of the kernel: their number is limited by what
// their maker may have.
void untold_badges_are_bounded()
{
    const Own own;
    const u64 for_each = objects_have_pages() ? 1 : 0;
    const u64 before = frames_free();
    u64 made = 0;
    for (; made < 20'000; ++made) {
        const auto client = sys::mint(own.endpoint.borrow(), made + 1);
        if (!client) {
            check::fails(client, Errc::over_quota);
            break;
        }
    }
    that(before - frames_free() < 64 + made * for_each,
         "badges that nobody was told of eat the machine's memory");
}

// The badge of a session survives many calls; a client that only signals is as alive as one that
// calls.
void calls_do_not_end_a_badge()
{
    const Service service;
    for (u64 i = 0; i < 300; ++i)
        equals(ask(service, letter(Ask::echo, 8, {i})).words[0], i);
    equals(ask(service, letter(Ask::badge, 0)).words[1], 0);
}

constexpr std::array cases{
    check::Case{"a badge has all of its 64 bits", numbers_are_whole},
    check::Case{"two clients have two badges", two_clients},
    check::Case{"a server is told when the last handle of a badge is closed, once",
                gone_after_the_last_handle},
    check::Case{"the end of a badge wakes a waiting server", gone_wakes_a_server},
    check::Case{"a badge lives as long as any process has it", gone_with_its_process},
    check::Case{"a hundred badges that end are told in their order", gone_in_order},
    check::Case{"a new server does not hear of badges that it never knew",
                the_next_server_never_knew_them},
    check::Case{"badges that nobody was told of are limited", untold_badges_are_bounded,
                check::Runs::once},
    check::Case{"three hundred calls do not end a badge", calls_do_not_end_a_badge},
};

}  // namespace

const check::Cases badge_cases{cases};
