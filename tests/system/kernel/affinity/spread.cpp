// affinity/spread.cpp - one process on several CPUs at once: its threads share mappings and
// handles, use their message pages side by side, and end together.
#include "cases.hpp"

#include <optional>

#include <check/child.hpp>
#include <check/counters.hpp>
#include <check/threads.hpp>
#include <sys/memory.hpp>

namespace {

using check::Child;
using check::equals;
using check::need;
using check::Starter;
using check::that;
using check::Threaded;
using check::works;

namespace right = abi::right;

u32 cpus() { return need(sys::system_info()).cpus; }

u64 load(const u64& word) { return __atomic_load_n(&word, __ATOMIC_ACQUIRE); }
void store(u64& word, u64 value) { __atomic_store_n(&word, value, __ATOMIC_RELEASE); }

// One thread on each CPU. No two are equal, so on one CPU they would not take turns.
template <class T>
void on_each_cpu(void (*function)(T&), std::span<T> contexts)
{
    std::array<std::optional<Threaded<T>>, 8> threads;
    for (u32 cpu = 1; cpu <= contexts.size(); ++cpu)
        threads.at(cpu - 1).emplace(function, contexts[cpu - 1], 20 + cpu, cpu);
    for (auto& thread : threads)
        if (thread)
            thread->join();
}

// Each waits for its turn, which the others give it.
struct Relay {
    u64* turn;
    u64 number;
    u64 all;
    bool late = false;
};

void relay(Relay& r)
{
    const abi::Ticks end = check::patience();
    for (u64 n = r.number; n < 5 * r.all && !r.late; n += r.all) {
        while (load(*r.turn) != n && !r.late)
            r.late = sys::now() > end;
        store(*r.turn, n + 1);
    }
}

void at_the_same_time()
{
    u64 turn = 0;
    std::array<Relay, 8> relays;
    for (u64 i = 0; i < relays.size(); ++i)
        relays[i] = {&turn, i, cpus()};
    on_each_cpu(relay, std::span{relays}.first(cpus()));
    for (const Relay& r : relays)
        that(!r.late, "threads of one process do not run at once");
}

constexpr VirtAddr window{0x30'0000'0000};

struct Reader {
    u64 asked = 0;
    u64 answered = 0;
    u64 seen = 0;
};

// Reads the page once whenever it is asked.
void read_page(Reader& r)
{
    for (u64 n = 1; load(r.asked) != ~u64{0};) {
        if (load(r.asked) != n)
            continue;
        r.seen = *reinterpret_cast<const volatile u64*>(window.raw());
        store(r.answered, n++);
    }
}

// A page is mapped by this thread, read on another CPU, unmapped by this one, and another one, of
// two that both stay, is mapped in its place.
void mappings_change_everywhere()
{
    for (u32 cpu = 2; cpu <= cpus(); ++cpu) {
        const std::array pages{need(sys::create_memory(Bytes{page_bytes})),
                               need(sys::create_memory(Bytes{page_bytes}))};
        Reader reader;
        Threaded<Reader> thread{&read_page, reader, 20, cpu};
        for (u64 n = 1; n <= 50; ++n) {
            const u64 at =
                need(sys::fetch(abi::Syscall::memory_map, pages[n % 2].slot(), 0, 0, page_bytes,
                                (right::read | right::write).raw, window.raw()));
            *reinterpret_cast<volatile u64*>(at) = n * 77;
            store(reader.asked, n);
            const abi::Ticks end = check::patience();
            while (load(reader.answered) != n && sys::now() < end) {}
            equals(reader.seen, n * 77);
            works(sys::perform(abi::Syscall::memory_unmap, abi::no_slot, at, page_bytes));
        }
        store(reader.asked, ~u64{0});
    }
}

struct Worker {
    sys::Borrowed<sys::Endpoint> client;
    u64 number;
    u64 wrong = 0;
};

bool filled(u64 seed)
{
    const auto& page = sys::message_page().payload;
    for (usize i = 0; i < page.size(); ++i)
        if (page[i] != static_cast<u8>(seed + i))
            return false;
    return true;
}

// Long messages, each thread with its own page; and handles that come and go beside.
void work(Worker& w)
{
    for (u64 n = 0; n < 100; ++n) {
        auto& page = sys::message_page().payload;
        for (usize i = 0; i < page.size(); ++i)
            page[i] = static_cast<u8>(w.number * 50 + n + i);
        const auto in = sys::call(w.client, {abi::Header::make(1, page.size()), {}});
        w.wrong += in.header.status() == Errc::ok && filled(w.number * 50 + n) ? 0 : 1;
        const auto bell = need(sys::create_notification());
        const auto twin = need(sys::duplicate(bell.borrow(), right::signal));
        need(sys::signal(twin.borrow(), abi::Bits{u64{1} << w.number}));
        w.wrong += need(sys::wait(bell.borrow())) == abi::Bits{u64{1} << w.number} ? 0 : 1;
    }
}

void pages_and_handles_apart()
{
    const auto endpoint = need(sys::create_endpoint());
    const auto client = need(sys::mint(endpoint.borrow(), 9));
    Starter starter{"serve", {.arguments = {"0"}, .priority = 25}};
    starter.grant("serve", endpoint.slot(), abi::Kind::endpoint, right::receive);
    const Child server = starter.run();
    std::array<Worker, 8> workers;
    for (u64 i = 0; i < workers.size(); ++i)
        workers[i] = {client.borrow(), i};
    on_each_cpu(work, std::span{workers}.first(cpus()));
    for (const Worker& w : workers)
        equals(w.wrong, 0);
}

// Killed while its threads spin and sleep on all CPUs, from the first instruction on.
void killed_on_all_cpus()
{
    check::Random random{5};
    const auto before = check::settled();
    for (u32 round = 0; round < 60; ++round) {
        Starter starter{round % 3 == 0 ? "sleeping_threads" : "spinning_threads",
                        {.arguments = {"7"}, .threads = 8, .cpu = 1 + round % cpus()}};
        starter.grant_self();
        const Child child = starter.run();
        check::pause(random.below(3'000));
        child.kill();
        that(child.dead(), "alive after it was killed");
    }
    check::nothing_left(before);
}

// The other end: one of its own threads ends the process.
void ended_from_inside()
{
    const auto before = check::settled();
    for (u32 round = 0; round < 30; ++round) {
        Starter starter{"end_elsewhere", {.threads = 8, .cpu = 1 + round % cpus()}};
        starter.grant_self();
        const auto exit = starter.run().wait().exit;
        equals(exit.cause, abi::ExitCause::exited);
        equals(exit.code, 33);
    }
    check::nothing_left(before);
}

constexpr std::array cases{
    check::Case{"threads of one process run at the same time", at_the_same_time},
    check::Case{"a page that is unmapped is gone on all CPUs", mappings_change_everywhere},
    check::Case{"threads on all CPUs have their own messages and share handles",
                pages_and_handles_apart},
    check::Case{"a process that runs on all CPUs dies when it is killed", killed_on_all_cpus},
    check::Case{"a thread ends its process on all CPUs", ended_from_inside},
};

}  // namespace

const check::Cases spread_cases{cases};
