// priority.cpp - whose call is first, and whose importance a server has while it works.
#include "cases.hpp"
#include "served.hpp"

namespace {

using abi::Header;
using check::equals;
using check::need;
using check::that;
using check::Threaded;

struct Caller {
    sys::Handle<sys::Endpoint> client;
    u64 number;
    Errc status = Errc::ok;
};
void call_once(Caller& c)
{
    c.status = sys::call(c.client.borrow(), {Header::make(1, 8), {c.number}}, check::patience())
                   .header.status();
}

// They line up while nobody receives, from the least important on.
void the_more_important_first()
{
    const auto endpoint = need(sys::create_endpoint());
    constexpr std::array<u64, 6> priorities{5, 10, 5, 20, 10, 20};
    constexpr std::array<u64, 6> order{3, 5, 1, 4, 0, 2};
    std::array<Caller, 6> callers;
    std::array<std::optional<Threaded<Caller>>, 6> threads;
    for (usize i = 0; i < callers.size(); ++i) {
        callers[i] = {need(sys::mint(endpoint.borrow(), i + 1)), i};
        threads[i].emplace(&call_once, callers[i], priorities[i]);
        check::until_others_block();
    }
    equals(need(sys::info(endpoint.borrow())).queued, 6);
    for (const u64 expected : order) {
        const auto in = sys::receive(endpoint.borrow(), 0, check::patience());
        equals(in.words[0], expected);
        equals(in.badge, expected + 1);
        need(sys::reply({Header::make(1, 0), {}}));
    }
    for (auto& thread : threads)
        thread->join();
    for (const Caller& caller : callers)
        equals(caller.status, Errc::ok);
}

bool loaded(const bool& flag) { return __atomic_load_n(&flag, __ATOMIC_RELAXED); }
void set(bool& flag) { __atomic_store_n(&flag, true, __ATOMIC_RELAXED); }
void spin_until(bool& flag)
{
    while (!loaded(flag))
        asm volatile("" ::: "memory");
}

// A server of low priority, and what it did after it answered.
struct Lowly {
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> client = need(sys::mint(endpoint.borrow(), 1));
    sys::Borrowed<sys::Endpoint> next{};  // called before the answer, if there is one
    Errc status = Errc::ok;
    bool went_on = false;
};

void serve_once(Lowly& lowly)
{
    const auto in = sys::receive(lowly.endpoint.borrow(), 0, check::patience());
    if (lowly.next.valid())
        lowly.status =
            sys::call(lowly.next, {Header::make(1, 0), {}}, check::patience()).header.status();
    if (in.request())
        need(sys::reply({Header::make(1, 8), {in.words[0] + 1}}));
    set(lowly.went_on);
}

void lent(abi::Ticks deadline)
{
    Lowly lowly;
    bool stop = false;
    Threaded<Lowly> server{&serve_once, lowly, 5};
    check::until_others_block();
    Threaded<bool> spinner{&spin_until, stop, 15};
    const auto in = sys::call(lowly.client.borrow(), {Header::make(1, 8), {41}}, deadline);
    equals(in.header.status(), Errc::ok);
    equals(in.words[0], 42);
    check::sleep_ms(5);
    that(!loaded(lowly.went_on), "the server keeps the priority that it was lent");
    set(stop);
    server.join();
    that(loaded(lowly.went_on), "the server did not end");
}

void a_call_lends_its_priority()
{
    lent(check::patience());
    lent(abi::never);
}

// Eight threads call each other; the first is called by us. All are less important than the one
// that spins.
void a_chain_lends_it_on()
{
    std::array<Lowly, 8> chain;
    std::array<std::optional<Threaded<Lowly>>, 8> threads;
    for (usize i = 0; i < chain.size(); ++i) {
        if (i + 1 < chain.size())
            chain[i].next = chain[i + 1].client.borrow();
        threads[i].emplace(&serve_once, chain[i], 9 - i);
    }
    check::until_others_block();
    bool stop = false;
    Threaded<bool> spinner{&spin_until, stop, 15};
    const auto in =
        sys::call(chain[0].client.borrow(), {Header::make(1, 8), {6}}, check::patience());
    equals(in.header.status(), Errc::ok);
    equals(in.words[0], 7);
    set(stop);
    for (auto& thread : threads)
        thread->join();
    for (const Lowly& one : chain)
        equals(one.status, Errc::ok);
}

// A server that serves a lowly caller is as important as itself, not less.
void a_low_caller_takes_nothing_away()
{
    Lowly lowly;
    bool stop = false;
    Threaded<bool> spinner{&spin_until, stop, 10};
    Caller caller{need(sys::mint(lowly.endpoint.borrow(), 3)), 1};
    Threaded<Lowly> server{&serve_once, lowly, 20};
    Threaded<Caller> thread{&call_once, caller, 12};
    thread.join();
    equals(caller.status, Errc::ok);
    server.join();
    set(stop);
}

constexpr std::array cases{
    check::Case{"the more important caller is received first, equals in their order",
                the_more_important_first},
    check::Case{"a call lends the caller's priority until it is answered",
                a_call_lends_its_priority},
    check::Case{"a chain of eight calls lends the priority to its end", a_chain_lends_it_on},
    check::Case{"a server keeps its own priority for a less important caller",
                a_low_caller_takes_nothing_away},
};

}  // namespace

const check::Cases priority_cases{cases};
