// threads.cpp - threads begin with what they were given and nothing else, and end without a trace.
#include "cases.hpp"

#include <check/child.hpp>
#include <check/threads.hpp>

namespace {

using check::equals;
using check::fails;
using check::need;
using check::Starter;
using check::works;

abi::ProcessInfo run_parent(std::string_view behaviour, const check::Options& options)
{
    Starter starter{behaviour, options};
    starter.grant_self();
    return starter.run().wait();
}

void the_last_thread_ends_the_process()
{
    const auto info = run_parent("first_thread_leaves", {.threads = 2});
    equals(info.exit.cause, abi::ExitCause::exited);
    equals(info.exit.code, 0);
}

void the_only_thread_ends_the_process()
{
    const auto info = run_parent("only_thread_leaves", {.threads = 4});
    equals(info.exit.cause, abi::ExitCause::exited);
    equals(info.exit.code, 0);
}

void threads_cost_nothing_for_good()
{
    equals(run_parent("many_threads", {.arguments = {"600"}, .threads = 2}).exit.code, 0);
}

void bad_entries()
{
    const VirtAddr entry{abi::image_base};
    for (const u64 stack : {1U, 8U, 15U})
        fails(sys::create_thread(check::self(), entry, VirtAddr{stack}, 0, 0), Errc::bad_argument);
    for (const u64 odd : {1U, 2U, 3U})
        fails(sys::create_thread(check::self(), VirtAddr{abi::image_base + odd}, VirtAddr{0x1000},
                                 0, 0),
              Errc::bad_argument);
    fails(sys::create_thread(check::self(), entry, VirtAddr{0x1000}, 0, check::own_priority + 1),
          Errc::out_of_range);
    fails(sys::create_thread(check::self(), entry, VirtAddr{0x1000}, 0, ~u64{0}),
          Errc::out_of_range);
}

// A machine has CPUs 1 to n, and no others.
void bad_cpus()
{
    const u32 beyond = need(sys::system_info()).cpus + 1;
    for (const u64 cpu : {u64{beyond}, u64{64}, u64{1} << 32, ~u64{0}})
        fails(sys::fetch(abi::Syscall::thread_create, check::self().slot, abi::image_base, 0x1000,
                         0, 0, cpu),
              Errc::out_of_range);
    u64 nothing = 0;
    check::Threaded<u64> thread{+[](u64&) {}, nothing};
    for (const u64 cpu : {u64{0}, u64{beyond}, u64{1} << 32, ~u64{0}})
        fails(sys::perform(abi::Syscall::thread_move, thread.thread().slot, cpu),
              Errc::out_of_range);
    const auto weak = need(sys::duplicate(thread.thread(), abi::right::transfer));
    fails(sys::move(weak.borrow(), 1), Errc::denied);
    const auto kept = need(sys::duplicate(thread.thread(), abi::right::manage));
    works(sys::move(kept.borrow(), 1));
    thread.join();
    fails(sys::move(kept.borrow(), 1), Errc::peer_gone);
}

// Started where nothing is: the process ends, and says where.
void entries_of_the_kernel()
{
    for (const u64 entry :
         {u64{0}, u64{0xffff'ff80'4008'0000}, u64{0x0123'4567'89ab'cde0}, abi::user_end}) {
        const auto process = need(
            sys::create_process(check::self(), {32, 8, 1, 30, text::padded<16>("nowhere"), 0, 0}));
        const auto bell = need(sys::create_notification());
        need(sys::watch(process.borrow(), bell.borrow(), abi::Bits::at(0)));
        const auto thread =
            need(sys::create_thread(process.borrow(), VirtAddr{entry}, VirtAddr{0}, 0, 30));
        need(sys::wait(bell.borrow(), check::patience()));
        const auto exit = need(sys::info(process.borrow())).exit;
        equals(exit.cause, abi::ExitCause::fault);
        equals(exit.pc, entry);
        equals(exit.x[0], 0);
    }
}

constexpr std::array cases{
    check::Case{"a process ends with its last thread, and code 0",
                the_last_thread_ends_the_process},
    check::Case{"a process ends with its only thread, although a child's quota counts threads",
                the_only_thread_ends_the_process},
    check::Case{"600 threads, one after the other, cost no frame for good",
                threads_cost_nothing_for_good},
    check::Case{"a crooked stack, a crooked entry and a high priority are refused", bad_entries},
    check::Case{"a thread is made for and moved to CPUs that exist, and while it lives", bad_cpus},
    check::Case{"a thread that starts in the kernel or nowhere faults there",
                entries_of_the_kernel},
};

}  // namespace

const check::Cases thread_cases{cases};
