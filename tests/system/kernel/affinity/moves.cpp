// affinity/moves.cpp - threads are moved between CPUs in every state that they can be in, and go on
// as if nothing had happened.
#include "cases.hpp"
#include "fp.hpp"

#include <optional>

#include <check/threads.hpp>
#include <sys/endpoint.hpp>

namespace {

using abi::Bits;
using check::equals;
using check::fails;
using check::need;
using check::that;
using check::Threaded;
using check::works;

u32 cpus() { return need(sys::system_info()).cpus; }

struct Counter {
    u64 count = 0;
    bool stop = false;
};

u64 count_of(const Counter& counter) { return __atomic_load_n(&counter.count, __ATOMIC_RELAXED); }
void stop(Counter& counter) { __atomic_store_n(&counter.stop, true, __ATOMIC_RELAXED); }
void spin(Counter& counter)
{
    while (!__atomic_load_n(&counter.stop, __ATOMIC_RELAXED))
        __atomic_store_n(&counter.count, counter.count + 1, __ATOMIC_RELAXED);
}

bool runs(const Counter& counter)
{
    const u64 before = count_of(counter);
    return check::eventually([&] { return count_of(counter) > before; });
}
// Whoever is to be stopped was stopped when this begins.
bool stands(const Counter& counter)
{
    const u64 before = count_of(counter);
    check::sleep_ms(5);
    return count_of(counter) == before;
}

// A spinner of middle priority on CPU 1 holds a less important one up there, and nowhere else.
void made_for_a_cpu()
{
    Counter middle;
    Threaded<Counter> blocker{&spin, middle, 20, 1};
    for (u32 cpu = 2; cpu <= cpus(); ++cpu) {
        Counter low;
        Threaded<Counter> thread{&spin, low, 10, cpu};
        that(runs(low), "a thread does not run on the CPU that it was made for");
        stop(low);
    }
    Counter low;
    Threaded<Counter> thread{&spin, low, 10, 0};
    that(stands(low), "a thread that was made for no CPU is not on its process's");
    stop(middle), stop(low);
}

// While it runs, and while it is ready.
void running_and_ready()
{
    Counter middle;
    Threaded<Counter> blocker{&spin, middle, 20, 1};
    for (u32 round = 0; round < 3; ++round)
        for (u32 cpu = 2; cpu <= cpus(); ++cpu) {
            Counter low;
            Threaded<Counter> thread{&spin, low, 10, cpu};
            that(runs(low), "a thread does not run on its CPU");
            works(sys::move(thread.thread(), 1));
            that(stands(low), "a thread runs on the CPU from which it was moved");
            works(sys::move(thread.thread(), cpu));
            that(runs(low), "a thread does not run on the CPU to which it was moved");
            works(sys::move(thread.thread(), cpu));
            that(runs(low), "a thread that was moved to where it is stopped");
            stop(low);
        }
    stop(middle);
}

struct Sleeper {
    sys::Handle<sys::Notification> bell = need(sys::create_notification());
    abi::Ticks deadline = abi::never;
    Errc ended = Errc::ok;
    bool in_time = false;
    Counter counter{};
};

void sleep_and_spin(Sleeper& s)
{
    const auto woken = sys::wait(s.bell.borrow(), s.deadline);
    s.ended = woken ? Errc::ok : woken.error();
    s.in_time = sys::now() >= s.deadline;
    spin(s.counter);
}

// Its deadline still ends the wait, not before its time, and it goes on where it was moved to.
void blocked_with_a_deadline()
{
    Counter middle;
    Threaded<Counter> blocker{&spin, middle, 20, 1};
    for (u32 cpu = 2; cpu <= cpus(); ++cpu) {
        Sleeper sleeper;
        sleeper.deadline = sys::after_ms(20);
        Threaded<Sleeper> thread{&sleep_and_spin, sleeper, 25, 1};
        check::sleep_ms(1);
        for (u32 n = 1; n <= 4 * cpus(); ++n)
            works(sys::move(thread.thread(), 1 + (cpu + n) % cpus()));
        works(sys::move(thread.thread(), cpu));
        that(runs(sleeper.counter), "a deadline was lost");
        stop(sleeper.counter);
        thread.join();
        equals(sleeper.ended, Errc::timed_out);
        that(sleeper.in_time, "a wait ended before its deadline");
    }
    stop(middle);
}

void blocked_without_one()
{
    for (u32 cpu = 2; cpu <= cpus(); ++cpu) {
        Sleeper sleeper;
        Threaded<Sleeper> thread{&sleep_and_spin, sleeper, 25, 1};
        check::until_others_block();
        works(sys::move(thread.thread(), cpu));
        works(sys::signal(sleeper.bell.borrow(), Bits::at(0)));
        that(runs(sleeper.counter), "a sleeper was not woken where it was moved to");
        stop(sleeper.counter);
        thread.join();
        equals(sleeper.ended, Errc::ok);
    }
}

// Now and then asleep, so that whoever was moved here goes on.
void rest(u64 us)
{
    if (us % 2 == 0)
        return check::pause(us / 4);
    const auto nobody = need(sys::create_notification());
    (void)sys::wait(nobody.borrow(), sys::after(sys::microseconds(us)));
}

constexpr u64 last_word = ~u64{0};

struct Pair {
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> serving =
        need(sys::duplicate(endpoint.borrow(), abi::right::receive));
    sys::Handle<sys::Endpoint> client = need(sys::mint(endpoint.borrow(), 5));
    u64 calls = 20'000;
    u64 served = 0;
    u64 wrong = 0;
    bool done = false;
};

void serve(Pair& p)
{
    auto in = sys::receive(p.serving.borrow(), 0);
    for (; in.words[0] != last_word; ++p.served)
        in = sys::reply_receive(p.serving.borrow(),
                                {abi::Header::make(7, in.header.size()), {in.words[0] + 1}});
    need(sys::reply({abi::Header::make(7, 8), {}}));
}

// Short and long messages by turns: the second kind takes the way through the message pages.
void call_often(Pair& p)
{
    for (u64 i = 0; i < p.calls; ++i) {
        const u64 size = i % 4 == 0 ? 256 : 8;
        sys::message_page().payload[200] = static_cast<u8>(i);
        const auto in = sys::call(p.client.borrow(), {abi::Header::make(3, size), {i}});
        const bool good = size == 8 ? in.words[0] == i + 1
                                    : sys::message_page().payload[200] == static_cast<u8>(i);
        p.wrong += in.header.raw == abi::Header::make(7, size).raw && good ? 0 : 1;
    }
    (void)sys::call(p.client.borrow(), {abi::Header::make(3, 8), {last_word}});
    __atomic_store_n(&p.done, true, __ATOMIC_RELEASE);
}

struct Caller {
    sys::Handle<sys::Endpoint> client;
    u64 answer = 0;
};

// In line, and received but not answered.
void blocked_in_a_call()
{
    const auto endpoint = need(sys::create_endpoint());
    for (u32 cpu = 2; cpu <= cpus(); ++cpu) {
        Caller caller{need(sys::mint(endpoint.borrow(), 5))};
        Threaded<Caller> thread{+[](Caller& c) {
                                    c.answer = sys::call(c.client.borrow(),
                                                         {abi::Header::make(3, 8), {41}},
                                                         check::patience())
                                                   .words[0];
                                },
                                caller, 25, 1};
        check::until_others_block();
        works(sys::move(thread.thread(), cpu));
        equals(need(sys::info(endpoint.borrow())).queued, 1);
        const auto in = sys::receive(endpoint.borrow(), 0, check::patience());
        works(sys::move(thread.thread(), 1));
        works(sys::move(thread.thread(), cpu));
        need(sys::reply({abi::Header::make(7, 8), {in.words[0] + 1}}));
        thread.join();
        equals(caller.answer, 42);
    }
}

// Client and server are moved all the time, together and apart: each call is made once and answered
// once, whatever the mover interrupts.
void amid_calls()
{
    check::Random random{11};
    Pair pair;
    Threaded<Pair> server{&serve, pair, 20, 2};
    Threaded<Pair> client{&call_often, pair, 15, 2};
    u64 moves = 0;
    for (; !__atomic_load_n(&pair.done, __ATOMIC_ACQUIRE); ++moves) {
        const auto whom = random.below(2) == 0 ? server.thread() : client.thread();
        const u64 to = 1 + random.below(cpus());
        if (const auto moved = sys::move(whom, static_cast<u32>(to)); !moved)
            fails(moved, Errc::peer_gone);
        rest(random.below(200));
    }
    client.join();
    server.join();
    equals(pair.wrong, 0);
    equals(pair.served, pair.calls);
    that(moves > 0, "there were no moves");
}

struct Traveller {
    sys::Handle<sys::Notification> go = need(sys::create_notification());
    sys::Borrowed<sys::Thread> self{};
    u32 stops = cpus();
    u64 failed = 0;
};

void travel(Traveller& t)
{
    need(sys::wait(t.go.borrow()));
    for (u32 n = 0; n < 100; ++n)
        t.failed += sys::move(t.self, 1 + n % t.stops) ? 0 : 1;
}

// From a CPU without anybody else to one with a less important thread, and back.
void it_moves_itself()
{
    Counter other;
    Threaded<Counter> neighbour{&spin, other, 20, 2};
    Traveller traveller;
    Threaded<Traveller> thread{&travel, traveller, 25, 1};
    traveller.self = thread.thread();
    works(sys::signal(traveller.go.borrow(), Bits::at(0)));
    thread.join();
    stop(other);
    equals(traveller.failed, 0);
}

// Each of several threads has other values in its FP registers, and is moved while it uses them,
// while another one does on its CPU, and while it sleeps.
void with_fp_registers()
{
    check::Random random{3};
    std::array<fp::Spinner, 5> spinners;
    std::array<std::optional<Threaded<fp::Spinner>>, 5> threads;
    for (u32 i = 0; i < spinners.size(); ++i) {
        spinners[i].registers = fp::pattern(i + 1);
        threads[i].emplace(
            +[](fp::Spinner& s) { check_fp_spin(s.registers.data(), &s.stop); }, spinners[i], 20,
            1 + i % cpus());
    }
    for (u32 n = 0; n < 300; ++n) {
        const auto to = static_cast<u32>(1 + random.below(cpus()));
        works(sys::move(threads.at(random.below(threads.size()))->thread(), to));
        rest(random.below(200));
    }
    for (fp::Spinner& s : spinners)
        __atomic_store_n(&s.stop, u32{1}, __ATOMIC_RELAXED);
    for (auto& thread : threads)
        thread->join();
    for (u64 i = 0; i < spinners.size(); ++i)
        that(spinners[i].registers == fp::pattern(i + 1),
             "a thread that was moved has other FP registers");
}

constexpr std::array cases{
    check::Case{"a thread runs on the CPU that it was made for", made_for_a_cpu},
    check::Case{"a thread that runs or is ready goes on where it is moved to", running_and_ready},
    check::Case{"a thread that waits for a deadline can be moved", blocked_with_a_deadline},
    check::Case{"a thread that sleeps wakes where it was moved to", blocked_without_one},
    check::Case{"a caller that waits in line or for its answer can be moved", blocked_in_a_call},
    check::Case{"threads that are moved amid calls make each of them once", amid_calls},
    check::Case{"a thread moves itself", it_moves_itself},
    check::Case{"threads that are moved keep their FP registers", with_fp_registers},
};

}  // namespace

const check::Cases move_cases{cases};
