// steps/main.cpp - what takes long in the kernel is preempted, can be killed in the middle, and
// leaves nothing.
#include "cases.hpp"

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
    check::try_often([](u64 i) {
        const Hoarder hoarder;
        Killing killing{hoarder.child.process()};
        check::Threaded<Killing> killer{&kill_it, killing, 5};
        check::sleep_ms((i + 1) % 4);
        const bool began = __atomic_load_n(&killing.began, __ATOMIC_RELAXED);
        const bool middle = began && !__atomic_load_n(&killing.done, __ATOMIC_RELAXED);
        hoarder.child.kill();
        equals(hoarder.child.info().state, abi::ProcessState::dead);
        equals(hoarder.child.info().threads_used, 0U);
        equals(hoarder.child.info().frames_used, 0U);
        return middle;
    });
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

void allocate(Churning& c)
{
    for (; !__atomic_load_n(&c.stop, __ATOMIC_RELAXED); ++c.rounds)
        (void)need(sys::create_memory(Bytes{u64{1} << 20}));
}

// The first case: nothing has run on most CPUs yet.
void cpus_begin_with_work()
{
    const u32 cpus = need(sys::system_info()).cpus;
    if (cpus < 4)
        return check::skip("needs CPUs on which nothing has run: --cpus 4");
    Churning churning;
    check::Threaded<Churning> worker{&allocate, churning, 10, 1};
    for (u32 cpu = 2; cpu <= cpus; ++cpu) {
        check::sleep_ms(1);
        check::works(sys::move(worker.thread(), cpu));
    }
    const u64 rounds = __atomic_load_n(&churning.rounds, __ATOMIC_RELAXED);
    that(check::eventually(
             [&] { return __atomic_load_n(&churning.rounds, __ATOMIC_RELAXED) > rounds + 1; }),
         "it did not go on");
    __atomic_store_n(&churning.stop, true, __ATOMIC_RELAXED);
}

// While somebody else makes, maps and frees 64 MiB.
void the_important_are_on_time()
{
    if (!exact())
        return;
    Starter starter{"churn", {.arguments = {"64"}, .frames = 17'000, .priority = 10}};
    const Child child = starter.run();
    on_time();
    equals(child.info().state, abi::ProcessState::running);
}

constexpr VirtAddr hoard_address{abi::mapping_base};

// A process without threads, which has the last reference to much memory, and pays for another.
struct House {
    sys::Handle<sys::Process> owner = need(sys::create_process(
        check::self(), {800, 200, 4, 30, text::padded<16>("house"), 0, another_cpu()}));
    sys::Handle<sys::Notification> ended = need(sys::create_notification());

    explicit House(u64 mib)
    {
        const auto memory = need(sys::create_memory(Bytes{mib << 20}));
        need(sys::map_into(owner.borrow(), memory.borrow(), Bytes{mib << 20}, sys::read_write,
                           hoard_address));
    }
    sys::Launch launch(std::string_view name) const
    {
        auto l =
            need(sys::Launch::create(owner.borrow(), check::archive(), check::actor_image,
                                     {200, 32, 1, 30, text::padded<16>(name), 0, another_cpu()}));
        need(sys::watch(l.process(), ended.borrow(), abi::Bits::at(0)));
        return l;
    }
};

void children_kill()
{
    const House house{16};
    auto launch = house.launch("child");
    need(launch.grant("victim", house.owner.slot(), abi::Kind::process, abi::right::manage));
    static constexpr char words[] = "kill_granted";
    const auto child = need(launch.start(16384, 10, {std::span{words, sizeof(words)}, 1}));
    that(sys::wait(house.ended.borrow(), check::patience()).has_value(), "it did not end");
    const auto told = need(sys::info(child.borrow()));
    equals(told.state, abi::ProcessState::dead);
    equals(told.threads_used, 0U);
    equals(told.frames_used, 0U);
    need(sys::kill(child.borrow()));
    equals(need(sys::info(child.borrow())).threads_used, 0U);
    need(sys::kill(house.owner.borrow()));
    equals(need(sys::info(child.borrow())).threads_used, 0U);
    equals(need(sys::info(child.borrow())).frames_used, 0U);
}

void told_when_all_is_back()
{
    const auto ready = need(sys::create_notification());
    Starter starter{"late_memory",
                    {.arguments = {"16"},
                     .frames = 5'000,
                     .handles = 2'850,
                     .priority = 10,
                     .cpu = another_cpu()}};
    starter.grant("ready", ready.slot(), abi::Kind::notification, abi::right::signal);
    const Child child = starter.run();
    that(sys::wait(ready.borrow(), check::patience()).has_value(), "nothing was hoarded");
    Killing killing{child.process()};
    check::Threaded<Killing> killer{&kill_it, killing, 5};
    equals(child.wait().frames_used, 0U);
}

// A process that nobody can reach ends with its last child, in steps as well.
void the_unreachable_end_in_steps()
{
    if (!exact())
        return;
    {
        const House house{32};
        auto launch = house.launch("child");
        static constexpr char words[] = "exit\0"
                                        "0";
        (void)need(launch.start(16384, 10, {std::span{words, 7}, 2}));
    }
    on_time();
}

struct Replying {
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    abi::Slot memory;
    bool began = false;
    u64 status = 0;
    u64 badge = 0;
    u64 bits = 0;
};

void reply_to_nobody(Replying& r)
{
    auto memory = need(sys::create_memory(Bytes{u64{64} << 20}));
    r.memory = memory.release();
    sys::message_page().handles[0] = r.memory;
    __atomic_store_n(&r.began, true, __ATOMIC_RELEASE);
    register u64 x0 asm("x0") = u64{1} << 58;
    register u64 x8 asm("x8") = sys::call_word(abi::Syscall::reply_recv, r.endpoint.slot());
    register u64 x9 asm("x9") = ~u64{0};
    register u64 x10 asm("x10") = 77;
    asm volatile("svc #0"
                 : "+r"(x0), "+r"(x8), "+r"(x9), "+r"(x10)
                 :
                 : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x11", "x12", "x13", "x14", "x15",
                   "x16", "x17", "x18", "memory");
    r.status = x0 & 0xffffffff;
    r.badge = x9;
    r.bits = x10;
}

void receivers_are_cancelled()
{
    Replying r;
    check::Threaded<Replying> server{&reply_to_nobody, r, 5};
    that(check::eventually([&] {
             return __atomic_load_n(&r.began, __ATOMIC_ACQUIRE)
                    && !sys::info(sys::Borrowed<sys::Memory>{r.memory});
         }),
         "it did not reply");
    r.endpoint = {};
    server.join();
    equals(r.status, static_cast<u64>(Errc::cancelled));
    equals(r.badge, 0U);
    equals(r.bits, 0U);
}

void trees_die()
{
    check::Counters before;
    check::Random random{5};
    const u32 cpus = need(sys::system_info()).cpus;
    for (u32 round = 0; round < 20; ++round) {
        if (round == 1)
            before = check::settled();
        constexpr u32 depth = 6;
        static constexpr char words[] = "churn\0"
                                        "1";
        std::array<sys::Handle<sys::Process>, depth> chain;
        for (u32 i = 0; i < depth; ++i) {
            auto launch =
                need(sys::Launch::create(i == 0 ? check::self() : chain[i - 1].borrow(),
                                         check::archive(), check::actor_image,
                                         {400 + 700 * (depth - i), 40 * (depth - i), depth - i, 30,
                                          text::padded<16>("level"), 0, i % cpus + 1}));
            chain[i] = need(launch.start(16384, 5 + random.below(20), {std::span{words, 8}, 2}));
        }
        std::array<Killing, 4> killings{Killing{chain[random.below(depth)].borrow()},
                                        Killing{chain[random.below(depth)].borrow()},
                                        Killing{chain[random.below(depth)].borrow()},
                                        Killing{chain[random.below(2)].borrow()}};
        check::sleep_ms(random.below(4));
        {
            check::Threaded<Killing> a{&kill_it, killings[0], 25 + random.below(5), cpus};
            check::Threaded<Killing> b{&kill_it, killings[1], 25 + random.below(5), (cpus + 1) / 2};
            check::Threaded<Killing> c{&kill_it, killings[2], 25 + random.below(5), 1};
            check::Threaded<Killing> d{&kill_it, killings[3], 25 + random.below(5), cpus};
            for (u32 i = 0; i < 10; ++i)
                (void)sys::move(i % 2 != 0 ? a.thread() : c.thread(),
                                static_cast<u32>(random.below(cpus)) + 1);
        }
        for (const auto& k : killings)
            equals(need(sys::info(k.whom)).state, abi::ProcessState::dead);
        need(sys::kill(chain[0].borrow()));
        for (auto& level : chain)
            equals(need(sys::info(level.borrow())).state, abi::ProcessState::dead);
        for (u32 i = depth; i-- > 0;) {
            equals(need(sys::info(chain[i].borrow())).frames_used, 0U);
            equals(need(sys::info(chain[i].borrow())).threads_used, 0U);
            chain[i] = {};
        }
    }
    check::nothing_left(before);
}

constexpr std::array cases{
    check::Case{"a CPU may begin with a thread in the middle of long work", cpus_begin_with_work},
    check::Case{"a reply that frees much memory ends in a wait that can be cancelled",
                receivers_are_cancelled},
    check::Case{"trees that are killed from several CPUs end without a trace", trees_die},
    check::Case{"a child that ends its parent is gone when that is told", children_kill},
    check::Case{"who watches is told when all memory is back", told_when_all_is_back},
    check::Case{"a process that nobody reaches delays no more important thread",
                the_unreachable_end_in_steps},
    check::Case{"a process with much memory and many handles ends without a trace", the_rich_die},
    check::Case{"a program that dies while it gets memory leaves nothing", churners_die},
    check::Case{"a program that dies while it ends another leaves nothing", killers_die},
    check::Case{"who kills a process that is about to end helps", two_kill_one},
    check::Case{"long work goes on where its thread is moved to", movers_work},
    check::Case{"long work delays no more important thread", the_important_are_on_time},
};

}  // namespace

int app_main(const sys::Startup& given)
{
    return check::run(given, {cases, many_cases, mapping_cases, news_cases});
}
