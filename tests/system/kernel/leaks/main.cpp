// leaks/main.cpp - children are made, run and ended a thousand times; afterwards every counter is
// where it was.
#include <optional>

#include <check/actor.hpp>
#include <check/child.hpp>
#include <check/threads.hpp>

namespace {

using check::Child;
using check::equals;
using check::need;
using check::Options;
using check::Starter;

constexpr u32 rounds = 1'000;

// What a child is given in each round: a bit of everything.
struct Surroundings {
    sys::Handle<sys::Endpoint> served = need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> client = need(sys::mint(endpoint.borrow(), 1));
    sys::Handle<sys::Notification> ready = need(sys::create_notification());
    sys::Handle<sys::Memory> memory = need(sys::create_memory(Bytes{2 * page_bytes}));

    Child start(std::string_view behaviour, const Options& options)
    {
        Starter starter{behaviour, options};
        starter.grant("serve", served.slot(), abi::Kind::endpoint, abi::right::receive);
        starter.grant("target", client.slot(), abi::Kind::endpoint, abi::right::call);
        starter.grant("ready", ready.slot(), abi::Kind::notification, abi::right::signal);
        need(sys::map_into(starter.launch().process(), memory.borrow(), Bytes{2 * page_bytes},
                           sys::read_write, VirtAddr{0x30'0000'0000}));
        starter.grant_self();
        return starter.run();
    }
};

constexpr std::array<std::string_view, 9> endless{
    "spin", "sleep", "receive", "call", "owe", "sleeping_threads", "spinning_threads",
    "ping", "serve"};
constexpr std::array<std::string_view, 6> ending{
    "exit", "read_null", "first_thread_leaves", "forget_fresh", "forget_itself", "orphan"};

// Killed after a random time, from before its first instruction to well asleep.
void killed_at_random_moments()
{
    check::Random random{4711};
    const auto nobody = need(sys::create_notification());
    for (u32 i = 0; i < rounds; ++i) {
        Surroundings around;
        const Child child =
            around.start(endless[random.below(endless.size())], {.arguments = {"3"},
                                                                 .threads = 8,
                                                                 .priority = random.below(30),
                                                                 .cpu = check::by_turns});
        if (const u64 pause = random.below(4); pause != 0)
            (void)sys::wait(nobody.borrow(),
                            sys::after(sys::microseconds(pause * random.below(300))));
        child.kill();
    }
}

void ended_by_themselves()
{
    for (u32 i = 0; i < rounds; ++i) {
        Surroundings around;
        const Child child = around.start(
            ending[i % ending.size()],
            {.arguments = {"0"}, .threads = 8, .priority = 20, .cpu = check::by_turns});
        (void)child.wait();
    }
}

// A server with many clients; it or they are killed while calls go to and fro.
void killed_amid_calls()
{
    check::Random random{99};
    for (u32 i = 0; i < 60; ++i) {
        const auto endpoint = need(sys::create_endpoint());
        std::array<std::optional<Child>, 5> clients;
        Starter server{"serve", {.arguments = {"4"}, .priority = 25, .cpu = check::by_turns}};
        server.grant("serve", endpoint.slot(), abi::Kind::endpoint, abi::right::receive);
        std::optional<Child> serving{server.run()};
        for (usize n = 0; n < clients.size(); ++n) {
            const auto badge = need(sys::mint(endpoint.borrow(), n + 1));
            Starter client{"call_often",
                           {.arguments = {"100000", "7"}, .priority = 20, .cpu = check::by_turns}};
            client.grant("target", badge.slot(), abi::Kind::endpoint, abi::right::call);
            clients[n].emplace(client.run());
        }
        check::sleep_ms(1 + random.below(3));
        const u64 first = random.below(6);
        if (first == 5)
            serving.reset();
        else
            clients[first].reset();
        check::sleep_ms(random.below(2));
    }
}

// From one frame up to enough: whatever fails in the middle of a start is undone.
void starved_of_frames()
{
    for (u32 frames = 1; frames < 100; ++frames) {
        auto launch = sys::Launch::create(check::self(), check::archive(), check::actor_image,
                                          check::quota_of({.frames = frames}));
        if (!launch)
            continue;
        if (const auto process = launch->start(16 * 1024, 30))
            (void)sys::kill(process->borrow());
    }
}

// The bare minimum of a process, so often that every counter of 16 bits would have come round.
void empty_processes()
{
    for (u32 i = 0; i < 70'000; ++i)
        (void)need(
            sys::create_process(check::self(), {1, 0, 0, 0, text::padded<16>("empty"), 0, 0}));
}

constexpr std::array cases{
    check::Case{"a thousand processes killed at random moments leave nothing",
                killed_at_random_moments},
    check::Case{"a thousand processes that end by themselves leave nothing", ended_by_themselves},
    check::Case{"servers and clients killed amid their calls leave nothing", killed_amid_calls},
    check::Case{"processes that are too small to start leave nothing", starved_of_frames},
    check::Case{"seventy thousand empty processes leave nothing", empty_processes},
};

}  // namespace

int app_main(const sys::Startup& given) { return check::run(given, {cases}); }
