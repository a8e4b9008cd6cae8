// quotas.cpp - what a process may own comes out of its payer's quota, is enforced, and returns.
#include "cases.hpp"

#include <check/child.hpp>
#include <check/threads.hpp>
#include <sys/thread.hpp>

namespace {

using check::equals;
using check::fails;
using check::need;
using check::works;

abi::ProcessQuota quota(u32 frames, u32 handles, u32 threads, u32 max_priority = 0)
{
    return {frames, handles, threads, max_priority, text::padded<16>("quota"), 0, 0};
}

Result<sys::Handle<sys::Process>> make(const abi::ProcessQuota& q)
{
    return sys::create_process(check::self(), q);
}

abi::ProcessInfo own() { return need(sys::info(check::self())); }

void payer_pays_and_gets_back()
{
    const auto before = own();
    {
        const auto child = need(make(quota(100, 20, 3)));
        const auto during = own();
        equals(during.frames_used, before.frames_used + 100);
        equals(during.handles_used, before.handles_used + 20 + 1);  // its handle is one of ours
        equals(during.threads_used, before.threads_used + 3);
        const auto its = need(sys::info(child.borrow()));
        equals(its.frames_limit, 100u);
        equals(its.handles_limit, 20u);
        equals(its.threads_limit, 3u);
        works(sys::kill(child.borrow()));
        equals(own().frames_used, during.frames_used);  // until the last handle goes
    }
    const auto after = own();
    equals(after.frames_used, before.frames_used);
    equals(after.handles_used, before.handles_used);
    equals(after.threads_used, before.threads_used);
}

void more_than_the_payer_has()
{
    const auto has = own();
    fails(make(quota(has.frames_limit - has.frames_used + 1, 0, 0)), Errc::over_quota);
    fails(make(quota(8, has.handles_limit - has.handles_used + 1, 0)), Errc::over_quota);
    fails(make(quota(8, 0, has.threads_limit - has.threads_used + 1)), Errc::over_quota);
    fails(make(quota(~u32{0}, 0, 0)), Errc::over_quota);
    fails(make(quota(8, ~u32{0}, 0)), Errc::over_quota);
    fails(make(quota(8, 0, ~u32{0})), Errc::over_quota);
    fails(make(quota(0, 0, 0)), Errc::over_quota);  // its page table needs one
    const auto after = own();
    equals(after.frames_used, has.frames_used);
    equals(after.handles_used, has.handles_used);
    equals(after.threads_used, has.threads_used);
}

void frames_are_enforced()
{
    const auto child = need(make(quota(16, 4, 1)));
    const auto memory = need(sys::create_memory(Bytes{page_bytes}));
    // Each mapping in a gigabyte of its own needs two tables of the child.
    u64 mapped = 0;
    for (u64 i = 0; i < 16; ++i) {
        const auto done = sys::map_into(child.borrow(), memory.borrow(), Bytes{page_bytes},
                                        sys::read_only, VirtAddr{(i + 1) << 30});
        if (!done) {
            fails(done, Errc::over_quota);
            break;
        }
        ++mapped;
    }
    equals(mapped, 7);
    const auto its = need(sys::info(child.borrow()));
    check::that(its.frames_used <= 16, "more frames than the quota");
    works(sys::kill(child.borrow()));
}

void handles_are_enforced()
{
    const auto child = need(make(quota(16, 3, 1)));
    const auto memory = need(sys::create_memory(Bytes{page_bytes}));
    for (int i = 0; i < 3; ++i)
        works(sys::grant(child.borrow(), memory.slot(), abi::right::read));
    fails(sys::grant(child.borrow(), memory.slot(), abi::right::read), Errc::over_quota);
    equals(need(sys::info(child.borrow())).handles_used, 3u);
    works(sys::kill(child.borrow()));
    equals(need(sys::info(child.borrow())).handles_used, 0u);
}

void threads_are_enforced()
{
    const auto limited = check::run_actor("sleeping_threads", {.arguments = {"3"}, .threads = 3});
    equals(limited.exit.code, 201u);  // no handle to itself
    check::Starter starter{"sleeping_threads", {.arguments = {"3"}, .threads = 3}};
    starter.grant_self();
    const auto exit = starter.run().wait().exit;
    equals(static_cast<Errc>(exit.code), Errc::over_quota);
    fails(sys::create_thread(check::self(), VirtAddr{0x400000}, VirtAddr{0x1000}, 0,
                             check::own_priority + 1),
          Errc::out_of_range);
}

void a_small_child_cannot_start()
{
    for (u32 frames = 1; frames < 40; frames += 3) {
        const auto before = need(sys::system_info());
        const auto launch = sys::Launch::create(check::self(), check::archive(), check::actor_image,
                                                quota(frames, 8, 1));
        (void)launch;
        const auto after = need(sys::system_info());
        if (!launch)
            equals(after.memories, before.memories);
    }
}

// The memory of a dead process that somebody maps stays charged to it, and comes back with the last
// mapping.
void memory_outlives_its_payer()
{
    const auto before = own();
    const auto endpoint = need(sys::create_endpoint());
    {
        const auto memory = need(sys::create_memory(Bytes{4 * page_bytes}));
        const auto mapping = need(sys::Mapping::create(memory.borrow(), sys::read_write));
        equals(own().frames_used > before.frames_used, true);
    }
    const auto again = need(sys::create_memory(Bytes{4 * page_bytes}));
    (void)again;
}

void nesting_ends()
{
    check::Starter starter{"deep", {.handles = 24}};
    starter.grant_self();
    const auto info = starter.run().wait();
    equals(info.exit.cause, abi::ExitCause::exited);
    equals(info.exit.code, 6);  // it is the second behind init itself, and eight may be
}

constexpr std::array cases{
    check::Case{"the payer pays for a process, and gets all of it back with the last handle",
                payer_pays_and_gets_back},
    check::Case{"a process cannot be given more than the payer has", more_than_the_payer_has},
    check::Case{"the quota of frames is enforced", frames_are_enforced},
    check::Case{"the quota of handles is enforced", handles_are_enforced},
    check::Case{"the quota of threads is enforced", threads_are_enforced},
    check::Case{"a process that is too small to start leaves nothing", a_small_child_cannot_start},
    check::Case{"mapped memory is charged until the mapping goes", memory_outlives_its_payer},
    check::Case{"processes in processes end at a depth", nesting_ends},
};

}  // namespace

const check::Cases quota_cases{cases};
