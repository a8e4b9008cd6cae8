// news.cpp - what an endpoint has to tell many: whoever began with it is done when its call
// returns, and a step of a process's end has not more of it than others have.
#include "cases.hpp"

#include <array>
#include <new>
#include <optional>

#include <check/child.hpp>
#include <check/threads.hpp>
#include <sys/endpoint.hpp>

namespace {

using check::need;
using check::that;
using check::works;

namespace right = abi::right;

constexpr u32 badge_count = 700;  // dozens of steps

// Two managers, each on a CPU of its own; the other one comes when the first is in the middle.
struct Managers {
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    std::array<sys::Handle<sys::Endpoint>, badge_count> badges;
    sys::Handle<sys::Notification> crowd = need(sys::create_notification());
    sys::Handle<sys::Notification> last = need(sys::create_notification());
    bool began = false;
    bool early = false;

    Managers()
    {
        for (u32 i = 0; i < badge_count; ++i) {
            badges[i] = need(sys::mint(endpoint.borrow(), i + 1));
            const auto& bell = i + 1 < badge_count ? crowd : last;
            works(sys::watch(badges[i].borrow(), bell.borrow(), abi::Bits::at(0)));
        }
    }
    bool all_told() const { return sys::wait(last.borrow(), abi::now).has_value(); }
};

void give_up_too(Managers& m)
{
    __atomic_store_n(&m.began, true, __ATOMIC_RELEASE);
    while (!need(sys::info(m.endpoint.borrow())).given_up) {}
    works(sys::give_up(m.endpoint.borrow()));
}

void told_before_it_returns()
{
    if (need(sys::system_info()).cpus < 2)
        return check::skip("needs two CPUs");
    for (u32 round = 0; round < 20; ++round) {
        Managers m;
        check::Threaded<Managers> other{&give_up_too, m, 5, 2};
        that(check::eventually([&] { return __atomic_load_n(&m.began, __ATOMIC_ACQUIRE); }),
             "the other did not begin");
        works(sys::give_up(m.endpoint.borrow()));
        that(m.all_told(), "a watch was not raised when the call returned");
        other.join();
    }
}

// Its killer tells the others, before the call returns.
void killed_while_it_tells()
{
    const auto nobody = need(sys::create_notification());
    check::try_often([&](u64) {
        const Managers m;
        check::Starter starter{"give_up_granted", {.priority = 5, .cpu = 1}};
        starter.grant("endpoint", m.endpoint.slot(), abi::Kind::endpoint, right::manage);
        const check::Child child = starter.run();
        while (!need(sys::info(m.endpoint.borrow())).given_up)
            (void)sys::wait(nobody.borrow(), sys::after(sys::microseconds(20)));
        const bool middle = !m.all_told();
        child.kill();
        that(!middle || m.all_told(), "a watch was not raised when its killer returned");
        return middle;
    });
}

// Servers of several endpoints, which end together.
struct Line {
    static constexpr u32 endpoints = 4;
    static constexpr u32 callers = 14;  // of each

    struct Caller {
        sys::Handle<sys::Endpoint> client;
        std::optional<check::Threaded<Caller>> thread;
        Errc end = Errc::ok;
    };
    std::array<std::array<Caller, callers>, endpoints> all;

    static void call(Caller& c)
    {
        c.end = sys::call(c.client.borrow(), {abi::Header::make(1, 0), {}}, check::patience())
                    .header.status();
    }
    void end_together()
    {
        auto owner = need(
            sys::create_process(check::self(), {100, 16, 1, 0, text::padded<16>("owner"), 0, 1}));
        for (auto& line : all) {
            const auto endpoint = need(sys::create_endpoint());
            need(sys::grant(owner.borrow(), endpoint.slot(), right::manage | right::receive));
            for (auto& caller : line)
                caller.client = need(sys::mint(endpoint.borrow(), 1));
        }
        for (auto& line : all)
            for (auto& caller : line)
                caller.thread.emplace(&call, caller, 5);
        check::until_others_block();
        need(sys::kill(owner.borrow()));
        for (auto& line : all)
            for (auto& caller : line) {
                caller.thread.reset();
                check::equals(caller.end, Errc::gave_up);
            }
    }
};

// What the lock is held for is a figure of `bench`.
void many_lines_end()
{
    if (!exact())
        return;
    static constinit std::array<std::byte, sizeof(Line)> room alignas(Line){};
    auto* const line = new (room.data()) Line;
    line->end_together();
    line->~Line();
}

constexpr std::array cases{
    check::Case{"all are told when the call returns that gave an endpoint up",
                told_before_it_returns},
    check::Case{"what a killed thread had to tell is told by its killer", killed_while_it_tells},
    check::Case{"the end of many who are waited for delays no more important thread",
                many_lines_end},
};

}  // namespace

const check::Cases news_cases{cases};
