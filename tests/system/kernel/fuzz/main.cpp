// fuzz/main.cpp - the judge, in the place of init: it has every device to lend and all of the
// quota. Fuzzers run four at a time, share objects, and are killed in the middle or end as they
// like. After each batch every counter is where it was.
//
//     tools/vireo run tests/system/kernel/fuzz/fuzz.toml -c SEED -c CALLS -c EACH
//
// makes at least so many calls, EACH by each thread. A batch prints its seed: with that seed and
// one call its threads draw the same calls again (how they interleave is the machine's affair).
#include "judge.hpp"

#include <cstring>

#include <abi/boot.hpp>
#include <check/actor.hpp>
#include <check/counters.hpp>
#include <check/first.hpp>
#include <check/threads.hpp>
#include <proto/table.hpp>

namespace fuzz {

namespace {

using check::equals;
using check::need;

constinit Plan plan{};
constinit u64 total_calls = 0;
constinit std::array<u64, abi::syscall_count> total_works{};

void print_batch(u64 seed, const Board& board)
{
    const u64 calls = board.calls.load(std::memory_order_relaxed);
    u64 works = 0;
    for (usize i = 0; i < abi::syscall_count; ++i) {
        works += board.works[i].load(std::memory_order_relaxed);
        total_works[i] += board.works[i].load(std::memory_order_relaxed);
    }
    total_calls += calls;
    text::Buffer<100> line;
    line.field("seed", seed).field("calls", calls).field("without_error", works);
    sys::out(line.view());
    if (const u64 leaks = board.leaks.load(std::memory_order_relaxed); leaks != 0) {
        text::Buffer<160> why;
        why.field("leaks", leaks).field("value", text::Hex{board.leaked.load()});
        why.field("x8", text::Hex{board.leaked_by.load()});
        check::failed(why.view(), check::Where::current());
    }
}

void one_batch(u64 seed)
{
    Batch batch{seed, plan.each};
    batch.run();
    print_batch(seed, batch.board());
}

// Those that a fuzzer may make with success and come back from. Its devices' lines never fire.
bool can_work(abi::Syscall call)
{
    using abi::Syscall;
    for (const Syscall never : {Syscall::thread_exit, Syscall::exit, Syscall::device_lend,
                                Syscall::irq_wait, Syscall::device_quiesced, Syscall::system_off})
        if (call == never)
            return false;
    return true;
}

// With so many calls, each of them gets to its end now and then.
constexpr u64 enough_for_all = 1'000'000;

void all_calls_worked()
{
    for (usize i = 0; i < total_works.size() && total_calls >= enough_for_all; ++i)
        if (total_works[i] == 0 && can_work(static_cast<abi::Syscall>(i))) {
            text::Buffer<60> line;
            line.put("a call that never works: ").number(i);
            check::failed(line.view(), check::Where::current());
        }
}

// What the dead had pinned, on whatever device.
void quiesce_all()
{
    for (u32 i = 0; i < check::first::device_count(); ++i)
        need(sys::quiesced(check::first::device(i)));
}

// The first batch fills what the judge's own tables keep.
void batches_leave_nothing()
{
    one_batch(plan.seed);
    quiesce_all();
    const check::Counters before = check::settled();
    for (u64 i = 1; total_calls < plan.calls; ++i) {
        one_batch(plan.seed + i);
        quiesce_all();
        check::nothing_left(before);
    }
    all_calls_worked();
}

void innocents_work()
{
    const auto endpoint = need(sys::create_endpoint());
    const auto client = need(sys::mint(endpoint.borrow(), 1));
    check::Starter starter{"serve", {.arguments = {"4"}}};
    starter.grant("serve", endpoint.slot(), abi::Kind::endpoint, abi::right::receive);
    const auto server = starter.run();
    Batch batch{~plan.seed, plan.each};
    for (u64 i = 0; i < 2'000; ++i) {
        if (i % 200 == 0)
            batch.fill();
        const sys::Letter letter{abi::Header::make(static_cast<u16>(check::Ask::echo), 8), {i}};
        equals(sys::call(client.borrow(), letter, check::patience()).words[0], i);
    }
}

constexpr std::array cases{
    check::Case{"random calls leave nothing behind and show nothing of the kernel",
                batches_leave_nothing, check::Runs::once},
    check::Case{"random calls beside it do not disturb a server and its client", innocents_work,
                check::Runs::once},
};

}  // namespace

}  // namespace fuzz

int program_main(const void* argument)
{
    using namespace fuzz;
    const sys::Startup given = check::first::begin(argument, "fuzz");
    const auto number = [&](u32 n) { return text::parse_number(given.argument(n)).value_or(1); };
    plan = {number(0), number(1), number(2)};
    check::first::end(check::run_all(given, {cases}));
}
