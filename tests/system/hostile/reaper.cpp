// reaper.cpp - starts hostile clients, one after the other, and kills them at random moments.
// Afterwards every counter is where it was, and the honest client's data is right.
#include "honest.hpp"

#include <check/child.hpp>
#include <check/counters.hpp>
#include <check/threads.hpp>
#include <proto/names.hpp>
#include <sys/session.hpp>

namespace {

using check::equals;
using check::need;
using check::that;

constexpr u64 warm_up = 100;  // the servers' tables fill up first, and stay

// A badge of its own for each hostile client: its end is the end of all that it had.
sys::Handle<sys::Endpoint> connect(std::string_view service)
{
    const auto names = need(check::given().grant<sys::Endpoint>("names"));
    auto response =
        need(sys::call<proto::names::Connect>(names, {text::padded<16>(service)}, {}, 1));
    return need(response.handles.take<sys::Endpoint>(0));
}

constexpr u32 client_frames = 700;
constexpr u32 client_handles = 120;

// What a dead client had comes back when the disk is done with its requests, and not before: on a
// busy host several of the dead wait for that.
void wait_for_quota()
{
    const auto enough = [] {
        const auto mine = need(sys::info(check::self()));
        return mine.frames_limit - mine.frames_used > client_frames + 100
               && mine.handles_limit - mine.handles_used > client_handles + 30
               && mine.threads_limit - mine.threads_used > 0;
    };
    that(check::eventually(enough), "the quota of dead clients does not come back");
}

check::Child start(u64 seed, std::string_view attacks)
{
    wait_for_quota();
    text::Buffer<20> number;
    number.number(seed);
    const auto target = connect(seed % 2 == 0 ? "disk0" : "slow0");
    check::Starter starter{number.view(),
                           {.arguments = {attacks},
                            .image = "test_hostile",
                            .name = "hostile",
                            .frames = client_frames,
                            .handles = client_handles}};
    starter.grant("target", target.slot(), abi::Kind::endpoint, abi::right::call);
    return starter.run();
}

// Each fourth one makes its attacks to the end, the others are killed within 2 ms.
void one_client(check::Random& random, u64 seed)
{
    if (seed % 4 == 0) {
        (void)start(seed, "6").wait();
        return;
    }
    const auto child = start(seed, "1000000");
    const auto nobody = need(sys::create_notification());
    (void)sys::wait(nobody.borrow(), sys::after(sys::microseconds(random.below(2'000))));
}

honest::Report::Reply report()
{
    static constinit abi::Slot session{};
    if (session == abi::no_slot)
        session = connect("honest").release();
    return need(sys::call<honest::Report>({session}, {}, {}, 0, sys::after_ms(5'000))).reply;
}

u64 rounds() { return text::parse_number(check::given().argument(0)).value_or(100); }

void attack(u64 first, u64 count)
{
    check::Random random{first + 17};
    for (u64 seed = first; seed < first + count; ++seed)
        one_client(random, seed);
}

void counters_come_back()
{
    (void)report();
    attack(1, warm_up);
    const check::Counters before = check::settled();
    attack(1 + warm_up, rounds());
    check::nothing_left(before);
}

void honest_data_is_right()
{
    const auto before = report();
    attack(100'000, 50);
    const auto after = report();
    equals(after.wrong, 0);
    equals(after.errors, 0);
    equals(after.last_error, 0);
    that(after.verified > before.verified, "the honest client came no further");
    that(after.verified > 20, "the honest client hardly ran");
}

void nobody_died()
{
    const auto names = need(check::given().grant<sys::Endpoint>("names"));
    for (u32 i = 0; i < 3; ++i) {
        const auto reply = need(sys::call<proto::names::Process>(names, {i, 0})).reply;
        equals(reply.state, proto::names::State::ready);
        equals(reply.exit_cause, 0u);
    }
}

constexpr std::array cases{
    check::Case{"U23: hostile clients that are killed at random moments leave nothing",
                counters_come_back, check::Runs::once},
    check::Case{"an honest client beside them gets its data", honest_data_is_right,
                check::Runs::once},
    check::Case{"no server died", nobody_died, check::Runs::once},
};

}  // namespace

// Its arguments are no names of cases.
int app_main(const sys::Startup& given) { return check::run_all(given, {cases}); }
