// steps/main.cpp - what takes long in the kernel is preempted, can be killed in the middle, and
// leaves nothing.
#include <algorithm>

#include <check/child.hpp>
#include <check/counters.hpp>
#include <check/threads.hpp>

namespace {

using check::Child;
using check::equals;
using check::need;
using check::Starter;
using check::that;

// Of a child that has memory of so many MiB twice: its pages, their tables, and some more.
constexpr u32 hoard_frames = 2 * 32 * 256 + 300;

u32 another_cpu() { return need(sys::system_info()).cpus > 1 ? 2 : 1; }

struct Hoarder {
    sys::Handle<sys::Notification> ready = need(sys::create_notification());
    Child child = start();

    Child start() const
    {
        Starter starter{"hoard",
                        {.arguments = {"32", "1000"},
                         .frames = hoard_frames,
                         .handles = 1'100,
                         .priority = 10,
                         .cpu = another_cpu()}};
        starter.grant("ready", ready.slot(), abi::Kind::notification, abi::right::signal);
        auto started = starter.run();
        that(sys::wait(ready.borrow(), check::patience()).has_value(), "nothing was hoarded");
        return started;
    }
};

void the_rich_die()
{
    check::Counters before;
    for (u32 round = 0; round < 2; ++round) {
        before = check::counters();  // the first round fills tables that this process keeps
        const Hoarder hoarder;
        hoarder.child.kill();
        const auto info = hoarder.child.info();
        equals(info.state, abi::ProcessState::dead);
        equals(info.frames_used, 0U);
        equals(info.threads_used, 0U);
    }
    that(check::counters() == before, "what it had is not back when the call returns");
}

bool zero(std::span<const std::byte> bytes)
{
    const std::span words{reinterpret_cast<const u64*>(bytes.data()), bytes.size() / sizeof(u64)};
    return std::ranges::all_of(words, [](u64 word) { return word == 0; });
}

// A child that works in the kernel nearly all the time dies at any moment, and what it wrote is
// seen by nobody.
void workers_die(std::string_view behaviour)
{
    check::Random random{11};
    for (u32 round = 0; round < 40; ++round) {
        Starter starter{behaviour,
                        {.arguments = {"16"},
                         .frames = 5'000,
                         .threads = 4,
                         .priority = 10,
                         .cpu = round % another_cpu() + 1}};
        starter.grant_self();
        const Child child = starter.run();
        const abi::Ticks then = sys::after(sys::microseconds(random.below(20'000)));
        (void)sys::wait(need(sys::create_notification()).borrow(), then);
        equals(child.info().state, abi::ProcessState::running);
        child.kill();
        equals(child.info().frames_used, 0U);
        const auto memory = need(sys::SharedMemory::create(Bytes{u64{2} << 20}));
        that(zero(memory.mapping.bytes()), "memory has what another program wrote");
    }
}

void churners_die() { workers_die("churn"); }
void killers_die() { workers_die("churn_processes"); }

struct Killing {
    sys::Borrowed<sys::Process> whom;
    bool began = false;
    bool done = false;
};

void kill_it(Killing& k)
{
    __atomic_store_n(&k.began, true, __ATOMIC_RELAXED);
    check::works(sys::kill(k.whom));
    __atomic_store_n(&k.done, true, __ATOMIC_RELAXED);
}

// The second one comes when the first, which is less important, is in the middle of it.
void two_kill_one()
{
    bool in_the_middle = false;
    for (u32 i = 1; i < 40 && !in_the_middle; ++i) {
        const Hoarder hoarder;
        Killing killing{hoarder.child.process()};
        check::Threaded<Killing> killer{&kill_it, killing, 5};
        check::sleep_ms(i % 4);
        const bool began = __atomic_load_n(&killing.began, __ATOMIC_RELAXED);
        in_the_middle = began && !__atomic_load_n(&killing.done, __ATOMIC_RELAXED);
        hoarder.child.kill();
        equals(hoarder.child.info().state, abi::ProcessState::dead);
        equals(hoarder.child.info().threads_used, 0U);
    }
    that(in_the_middle, "the first was never in the middle");
}

struct Churning {
    bool stop = false;
    u64 rounds = 0;
    u64 bad = 0;
};

void churn(Churning& c)
{
    for (; !__atomic_load_n(&c.stop, __ATOMIC_RELAXED); ++c.rounds) {
        const auto memory = need(sys::SharedMemory::create(Bytes{u64{1} << 20}));
        c.bad += zero(memory.mapping.bytes()) ? 0 : 1;
        std::ranges::fill(memory.mapping.bytes(), std::byte{1});
    }
}

// From CPU to CPU, wherever it stands: it goes on there.
void movers_work()
{
    const u32 cpus = need(sys::system_info()).cpus;
    Churning churning;
    check::Threaded<Churning> worker{&churn, churning, 10, cpus};
    check::Random random{3};
    for (u32 i = 0; i < 200; ++i) {
        const abi::Ticks then = sys::after(sys::microseconds(random.below(1'000)));
        (void)sys::wait(need(sys::create_notification()).borrow(), then);
        check::works(sys::move(worker.thread(), i % cpus + 1));
    }
    __atomic_store_n(&churning.stop, true, __ATOMIC_RELAXED);
    worker.join();
    that(churning.rounds > 0, "it did not go on");
    equals(churning.bad, 0);
}

// It wakes when its deadline says, while somebody else makes, maps and frees 64 MiB: some thousand
// instructions later at most, each a nanosecond.
void the_important_are_on_time()
{
    if (check::given().argument(0).empty())
        return check::skip("needs a machine without a host: -icount");
    Starter starter{"churn", {.arguments = {"64"}, .frames = 17'000, .priority = 10}};
    const Child child = starter.run();
    const auto nobody = need(sys::create_notification());
    u64 latest = 0;
    for (u32 i = 0; i < 2'000; ++i) {
        const abi::Ticks deadline = sys::after(sys::microseconds(50 + i % 37));
        (void)sys::wait(nobody.borrow(), deadline);
        latest = std::max(latest, sys::now().raw() - deadline.raw());
    }
    equals(child.info().state, abi::ProcessState::running);
    const u64 limit = sys::microseconds(20).raw();
    if (latest >= limit)
        equals(latest, limit);
}

constexpr std::array cases{
    check::Case{"a process with much memory and many handles ends without a trace", the_rich_die},
    check::Case{"a program that dies while it gets memory leaves nothing", churners_die},
    check::Case{"a program that dies while it ends another leaves nothing", killers_die},
    check::Case{"who kills a process that is about to end helps", two_kill_one},
    check::Case{"long work goes on where its thread is moved to", movers_work},
    check::Case{"long work delays no more important thread", the_important_are_on_time},
};

}  // namespace

int app_main(const sys::Startup& given) { return check::run(given, {cases}); }
