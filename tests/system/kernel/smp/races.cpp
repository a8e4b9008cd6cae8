// smp/races.cpp - what happens on one CPU while another one is in the middle of a switch: wrong
// headers, lost frames and missing turns, each seen once.
#include "cases.hpp"

#include <optional>

#include <check/actor.hpp>
#include <check/child.hpp>
#include <check/threads.hpp>

namespace {

using abi::Bits;
using check::Child;
using check::equals;
using check::need;
using check::Starter;
using check::that;
using check::Threaded;
using check::works;

namespace right = abi::right;

struct Service {
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> serving = need(sys::duplicate(endpoint.borrow(), right::receive));
    sys::Handle<sys::Endpoint> client = need(sys::mint(endpoint.borrow(), 77));
    sys::Handle<sys::Notification> bell = need(sys::create_notification());

    sys::Incoming call(u64 word, abi::Ticks until = abi::never) const
    {
        return sys::call(client.borrow(), {abi::Header::make(3, 8), {word}}, until);
    }
};

constexpr auto answer_header = abi::Header::make(0x1234, 8);
constexpr u64 last_word = 99;

void answer_until_last(Service& s)
{
    works(sys::bind(s.bell.borrow()));
    auto in = sys::receive(s.serving.borrow(), 0);
    while (!in.request() || in.words[0] != last_word)
        in = in.request() ? sys::reply_receive(s.serving.borrow(), {answer_header, {in.words[0]}})
                          : sys::receive(s.serving.borrow(), 0);
    need(sys::reply({answer_header, {last_word}}));
}

// A server and its client share a CPU; all others ring the server, which sleeps for a moment after
// each answer. The client gets the answer's header, not that of what woke the server.
void replies_beside_bells()
{
    Service service;
    Threaded<Service> thread{&answer_until_last, service};
    std::array<std::optional<Child>, 8> ringers;
    for (u32 cpu = 2; cpu <= need(sys::system_info()).cpus; ++cpu) {
        Starter starter{"ring", {.priority = check::own_priority, .cpu = cpu}};
        starter.grant("ready", service.bell.slot(), abi::Kind::notification, right::signal);
        ringers[cpu - 1].emplace(starter.run());
    }
    u64 wrong = 0;
    for (u64 round = 0; round < 200'000; ++round)
        wrong += service.call(1).header.raw != answer_header.raw ? 1 : 0;
    for (auto& each : ringers)
        each.reset();
    equals(service.call(last_word).header.raw, answer_header.raw);
    equals(wrong, 0);
}

// A server and its client share another CPU and call each other all the time; one of them is killed
// from here at any moment.
void pairs_die()
{
    check::Random random{7};
    const auto before = need(sys::system_info());
    const u32 cpus = before.cpus;
    for (u32 round = 0; round < 60; ++round) {
        const u32 cpu = 2 + round % (cpus - 1);
        const auto endpoint = need(sys::create_endpoint());
        const auto badge = need(sys::mint(endpoint.borrow(), 5));
        Starter serve{"serve", {.arguments = {"0"}, .priority = 20, .cpu = cpu}};
        serve.grant("serve", endpoint.slot(), abi::Kind::endpoint, right::receive);
        const Child server = serve.run();
        Starter call{"call_often", {.arguments = {"100000000", "7"}, .priority = 15, .cpu = cpu}};
        call.grant("target", badge.slot(), abi::Kind::endpoint, right::call);
        const Child client = call.run();
        const abi::Ticks then = sys::after(sys::microseconds(500 + random.below(3'000)));
        while (sys::now() < then) {}
        (random.below(2) == 0 ? server : client).kill();
    }
    const auto after = need(sys::system_info());
    equals(after.frames_free, before.frames_free);
    equals(after.threads, before.threads);
    equals(after.handles, before.handles);
}

struct Donation {
    Service service;
    bool go = false;
    bool stop = false;
    u64 count = 0;  // of the other thread
    u64 seen = 0;   // of that, by the server
    Bits bits{};
};

bool is(const bool& flag) { return __atomic_load_n(&flag, __ATOMIC_RELAXED); }

// Received a request and goes on at its caller's priority, until bits end that.
void serve_and_spin(Donation& d)
{
    works(sys::bind(d.service.bell.borrow()));
    (void)sys::receive(d.service.serving.borrow(), 0);
    while (!is(d.go)) {}
    const abi::Ticks then = sys::after_ms(20);  // a slice from before is over
    while (sys::now() < then) {}
    d.bits = sys::receive(d.service.serving.borrow(), 0).bits;
    for (u64 n = 0; n < 200'000'000 && d.seen == 0; ++n)
        d.seen = __atomic_load_n(&d.count, __ATOMIC_RELAXED);
}

// A server that still runs at the priority of a caller that went away gives an equal, which became
// ready meanwhile, its turns as soon as it has its own priority again. It looks itself: if anybody
// else woke, the scheduler would look again.
void a_slice_after_a_donation()
{
    Donation d;
    Threaded<Donation> server{&serve_and_spin, d, 5};
    check::until_others_block();
    equals(d.service.call(1, sys::after_ms(20)).header.status(), Errc::timed_out);
    Threaded<Donation> other{+[](Donation& s) {
                                 while (!is(s.stop))
                                     __atomic_store_n(&s.count, s.count + 1, __ATOMIC_RELAXED);
                             },
                             d, 5};
    works(sys::signal(d.service.bell.borrow(), Bits::at(0)));
    __atomic_store_n(&d.go, true, __ATOMIC_RELAXED);
    server.join();
    __atomic_store_n(&d.stop, true, __ATOMIC_RELAXED);
    other.join();
    equals(d.bits, Bits::at(0));
    that(d.seen > 0, "an equal starved");
}

constexpr std::array cases{
    check::Case{"a reply keeps its header while its server is rung", replies_beside_bells},
    check::Case{"client and server on another CPU die at any moment", pairs_die},
    check::Case{"an equal has its turns after a donation", a_slice_after_a_donation},
};

}  // namespace

const check::Cases race_cases{cases};
