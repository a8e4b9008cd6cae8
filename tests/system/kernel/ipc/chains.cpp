// chains.cpp - a caller in line lends its priority along the calls that it waits for, so that
// whoever spins at a priority between delays nobody.
#include "cases.hpp"

#include <optional>

#include <check/threads.hpp>
#include <sys/endpoint.hpp>

namespace {

using abi::Header;
using check::equals;
using check::need;
using check::that;
using check::Threaded;

bool loaded(const bool& flag) { return __atomic_load_n(&flag, __ATOMIC_ACQUIRE); }
void set(bool& flag) { __atomic_store_n(&flag, true, __ATOMIC_RELEASE); }
void spin_until(bool& flag)
{
    while (!loaded(flag)) {}
}

// Serves so many requests: by a call of the next one, or, at the end of a chain, by work.
struct Server {
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> client = need(sys::mint(endpoint.borrow(), 1));
    sys::Borrowed<sys::Endpoint> next{};
    bool* finish = nullptr;
    u32 requests = 1;
    std::array<u64, 4> badges{};  // of the last requests, in reverse order
    bool received = false;
    bool went_on = false;
};

constexpr sys::Letter letter{Header::make(1, 0), {}};

void serve(Server& s)
{
    for (auto in = sys::receive(s.endpoint.borrow(), 0);;) {
        s.badges.at(s.requests - 1) = in.badge;
        set(s.received);
        if (s.next.valid())
            (void)sys::call(s.next, letter);
        else
            spin_until(*s.finish);
        if (--s.requests == 0)
            break;
        in = sys::reply_receive(s.endpoint.borrow(), letter);
    }
    need(sys::reply(letter));
    set(s.went_on);
}

struct Caller {
    sys::Borrowed<sys::Endpoint> whom;
    bool done = false;
};

void call_once(Caller& c)
{
    (void)sys::call(c.whom, letter);
    set(c.done);
}

// Spinners of priority 15, one on each CPU from 1 on.
struct Middle {
    bool stop = false;
    std::array<std::optional<Threaded<bool, 4096>>, 8> threads;

    explicit Middle(u32 cpus)
    {
        for (u32 i = 0; i < cpus; ++i)
            threads.at(i).emplace(&spin_until, stop, 15, i + 1);
    }
    Middle(const Middle&) = delete;
    Middle& operator=(const Middle&) = delete;
    ~Middle() { set(stop); }
};

template <usize Length>
struct Chain {
    std::array<Server, Length> servers;
    std::array<std::optional<Threaded<Server, 4096>>, Length> threads;
    bool finish = false;

    // On `cpus` CPUs by turns. Each serves two requests: ours, and one that came before.
    explicit Chain(u32 cpus)
    {
        for (usize i = 0; i < Length; ++i) {
            servers[i].finish = &finish;
            servers[i].requests = 2;
            if (i + 1 < Length)
                servers[i].next = servers[i + 1].client.borrow();
            threads[i].emplace(&serve, servers[i], 9 - i, static_cast<u32>(1 + i % cpus));
        }
    }
    Chain(const Chain&) = delete;
    Chain& operator=(const Chain&) = delete;
    ~Chain() { set(finish); }

    bool reached(usize i) const
    {
        return check::eventually([&] { return loaded(servers[i].received); });
    }
};

Errc call(const Server& server, abi::Ticks deadline)
{
    return sys::call(server.client.borrow(), letter, deadline).header.status();
}

bool queued(const Server& server, u64 callers)
{
    return check::eventually(
        [&] { return need(sys::info(server.endpoint.borrow())).queued == callers; });
}

u32 all_cpus() { return need(sys::system_info()).cpus; }

// A lowly caller is at the end of the chain already when we call; all servers wait or work for it.
void through_busy_servers(u32 cpus)
{
    Chain<3> chain{cpus};
    Caller lowly{chain.servers[0].client.borrow()};
    Threaded<Caller> first{&call_once, lowly, 2};
    that(chain.reached(2), "the chain of calls did not reach its end");
    Middle middle{cpus};
    set(chain.finish);
    check::sleep_ms(5);
    that(!loaded(lowly.done), "nobody keeps the servers from working");
    equals(call(chain.servers[0], check::patience()), Errc::ok);
    check::sleep_ms(5);
    for (const Server& server : chain.servers)
        that(!loaded(server.went_on), "a server keeps the priority that it was lent");
    set(middle.stop);
}

void busy_servers()
{
    through_busy_servers(1);
    if (all_cpus() > 1)
        through_busy_servers(all_cpus());
}

// The second server works for somebody else: the first one stands in its line, behind one who is
// more important than it was.
void through_a_line(u32 cpus)
{
    Chain<3> chain{cpus};
    for (usize i = 1; i < 3; ++i)
        chain.servers[i].requests = 4;
    Caller busy{chain.servers[1].client.borrow()};
    Threaded<Caller> of_second{&call_once, busy, 2};
    that(chain.reached(2), "the second server called nobody");
    Caller lowly{chain.servers[0].client.borrow()};
    Threaded<Caller> of_first{&call_once, lowly, 11};
    that(queued(chain.servers[1], 1), "the first server does not stand in line");
    const auto other = need(sys::mint(chain.servers[1].endpoint.borrow(), 2));
    Caller rival{other.borrow()};
    Threaded<Caller> before_it{&call_once, rival, 13};
    that(queued(chain.servers[1], 2), "nobody stands in line before it");
    Middle middle{cpus};
    set(chain.finish);
    check::sleep_ms(5);
    that(!loaded(busy.done), "nobody keeps the servers from working");
    equals(call(chain.servers[0], check::patience()), Errc::ok);
    set(middle.stop);
    that(chain.servers[1].badges == std::array<u64, 4>{1, 2, 1, 1},
         "a caller in line did not move up");
}

void in_line()
{
    through_a_line(1);
    if (all_cpus() > 1)
        through_a_line(all_cpus());
}

// Our priority passes eight calls, and no ninth.
template <usize Length>
Errc along()
{
    Chain<Length> chain{1};
    Caller lowly{chain.servers[0].client.borrow()};
    Threaded<Caller> first{&call_once, lowly, 0};
    that(chain.reached(Length - 1), "the chain of calls did not reach its end");
    Middle middle{1};
    set(chain.finish);
    const Errc status = call(chain.servers[0], Length > 8 ? sys::after_ms(30) : check::patience());
    set(middle.stop);
    if (status != Errc::ok)
        equals(call(chain.servers[0], check::patience()), Errc::ok);
    return status;
}

void eight_calls()
{
    equals(along<8>(), Errc::ok);
    equals(along<9>(), Errc::timed_out);
}

// A server that answers by SYS_REPLY is still waited for by those in line.
void after_the_reply()
{
    Server server;
    bool finish = false;
    server.finish = &finish;
    Threaded<Server> thread{+[](Server& s) {
                                serve(s);
                                s.requests = 1;
                                serve(s);
                            },
                            server, 5};
    Caller lowly{server.client.borrow()};
    Threaded<Caller> first{&call_once, lowly, 2};
    that(check::eventually([&] { return loaded(server.received); }), "no request came");
    Middle middle{1};
    set(finish);
    equals(call(server, check::patience()), Errc::ok);
    set(middle.stop);
}

constexpr std::array cases{
    check::Case{"a caller in line lends its priority along a chain of calls", busy_servers},
    check::Case{"a caller in line that is lent a priority moves up and lends it on", in_line},
    check::Case{"a priority is lent over eight calls and not over nine", eight_calls},
    check::Case{"a server that replied stays as important as who is in line", after_the_reply},
};

}  // namespace

const check::Cases chain_cases{cases};
