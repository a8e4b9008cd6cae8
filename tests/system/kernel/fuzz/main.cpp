// fuzz/main.cpp - starts fuzzers with one seed after the other, some of them killed in the middle.
// The kernel survives, an innocent program beside them works, and in the end nothing is left.
#include <check/actor.hpp>
#include <check/child.hpp>
#include <check/counters.hpp>
#include <check/threads.hpp>

namespace {

using check::equals;
using check::need;

u64 argument(u32 n) { return text::parse_number(check::given().argument(n)).value_or(0); }

check::Child start(u64 seed)
{
    text::Buffer<20> number;
    number.number(seed);
    check::Starter starter{number.view(),
                           {.arguments = {check::given().argument(1)},
                            .image = "test_fuzzer",
                            .name = "fuzzer",
                            .frames = 800,
                            .handles = 150,
                            .threads = 8,
                            .priority = 20}};
    starter.grant_self();
    return starter.run();
}

// It may end itself in any way there is; it has ten seconds.
void to_the_end(const check::Child& child)
{
    for (int i = 0; i < 1'000 && !child.dead(); ++i)
        check::sleep_ms(10);
}

void fuzzers_leave_nothing()
{
    check::Random random{5};
    for (u64 seed = 1; seed <= argument(0); ++seed) {
        const auto child = start(seed);
        if (random.below(3) == 0)
            check::sleep_ms(random.below(10));
        else
            to_the_end(child);
    }
}

// The first half fills what the process keeps; then counters are compared around the same again.
void counted()
{
    fuzzers_leave_nothing();
    const check::Counters before = check::settled();
    fuzzers_leave_nothing();
    check::nothing_left(before);
}

void innocents_work()
{
    const auto endpoint = need(sys::create_endpoint());
    const auto client = need(sys::mint(endpoint.borrow(), 1));
    check::Starter starter{"serve", {.arguments = {"4"}}};
    starter.grant("serve", endpoint.slot(), abi::Kind::endpoint, abi::right::receive);
    const auto server = starter.run();
    for (u64 seed = 1'000; seed < 1'010; ++seed) {
        const auto fuzzer = start(seed);
        for (u64 i = 0; i < 200; ++i) {
            const sys::Letter letter{abi::Header::make(static_cast<u16>(check::Ask::echo), 8), {i}};
            equals(sys::call(client.borrow(), letter, check::patience()).words[0], i);
        }
    }
}

constexpr std::array cases{
    check::Case{"random calls leave nothing behind", counted, check::Runs::once},
    check::Case{"random calls beside it do not disturb a server and its client", innocents_work},
};

}  // namespace

int app_main(const sys::Startup& given) { return check::run_all(given, {cases}); }
