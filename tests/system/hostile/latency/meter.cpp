// meter.cpp - an honest client of a disk's server: how late 99 of 100 answers of it are at most,
// with nobody else and beside each kind of hostile client. It asks for what needs no device, so
// that the host has no part in it, and counts what a device would take as the same for both.
#include "protocol.hpp"

#include <algorithm>

#include <block/disk.hpp>
#include <check/check.hpp>
#include <proto/names.hpp>
#include <sys/session.hpp>

namespace {

using check::need;
using check::that;
using check::works;

constexpr u32 rounds = 5;
constexpr u32 requests = 50;
constexpr u64 device_us = 100;  // of a read

// In ticks.
template <usize N>
u64 part_of(std::array<u64, N>& values, usize percent)
{
    // Not std::less, which is in a library that programs do not have.
    std::ranges::sort(values, [](u64 a, u64 b) { return a < b; });
    return values[(N - 1) * percent / 100];
}

class Meter {
public:
    Meter()
    {
        works(
            disk_.open(check::given(), "disk0", {.depth = 2, .buffers = 2, .buffer_bytes = 4096}));
    }

    // Of so many requests, from when it wanted to ask.
    u64 p99()
    {
        std::array<u64, requests> took{};
        for (u64& each : took) {
            const abi::Ticks began = sys::after(sys::microseconds(20 + ++count_ * 37 % 60));
            check::fails(sys::wait(nobody_.borrow(), began), Errc::timed_out);
            works(disk_.read(1, disk_.capacity(), 8, need(disk_.buffer())));
            check::equals(need(disk_.wait(check::patience())).outcome, Errc::out_of_range);
            each = sys::now().raw() - began.raw();
        }
        return part_of(took, 99);
    }
    u64 attacks(u32 row)
    {
        return need(attacker_.call<latency::Begin>({row, 0}, check::patience())).attacks;
    }

private:
    block::Disk disk_;
    u64 count_ = 0;
    sys::Handle<sys::Notification> nobody_ = need(sys::create_notification());
    sys::Session attacker_ = need(sys::connect<proto::names::Connect>(check::given(), "attacker"));
};

void stays_below(u64 times, u32 row)
{
    Meter meter;
    std::array<u64, rounds> quiet{};
    std::array<u64, rounds> attacked{};
    u64 attacks = 0;
    for (u32 round = 0; round < rounds; ++round) {
        quiet[round] = meter.p99();
        (void)meter.attacks(row);
        attacked[round] = meter.p99();
        attacks += meter.attacks(0);
    }
    const u64 device = sys::microseconds(device_us).raw();
    const u64 before = device + part_of(quiet, 50);
    const u64 beside = device + part_of(attacked, 50);
    text::Buffer<120> line;
    line.put("LC").number(row).put(": p99 ").number(sys::nanoseconds(abi::Ticks{before}) / 1000);
    line.put(" us alone, ").number(sys::nanoseconds(abi::Ticks{beside}) / 1000);
    sys::out(line.put(" us beside ").number(attacks).put(" attacks").view());
    that(attacks >= rounds, "it was hardly attacked");
    that(beside <= times * before, "an honest read waits too long");
}

template <u32 Row, u64 Times = 2>
void row()
{
    stays_below(Times, Row);
}

constexpr auto once = check::Runs::once;
constexpr std::array cases{
    check::Case{"LC1: beside messages that make no sense a read is as quick", row<1>, once},
    check::Case{"LC2: beside ranges that are none", row<2>, once},
    check::Case{"LC3: beside handles of others, and of wrong kinds", row<3>, once},
    check::Case{"LC4: beside callers that leave before they are answered", row<4>, once},
    check::Case{"LC5: beside rings that change while they are read", row<5>, once},
    check::Case{"LC6: beside ring indices that cannot be", row<6>, once},
    check::Case{"LC7: beside memory that is taken away in use", row<7>, once},
    check::Case{"LC8: beside clients that are gone with requests in flight", row<8>, once},
    check::Case{"LC9: beside one that wants all sessions", row<9, 3>, once},
    check::Case{"LC10: beside one that takes no completions", row<10>, once},
    check::Case{"LC11: beside doorbells without end", row<11>, once},
    check::Case{"LC12: beside handles that are somebody else's business", row<12>, once},
    check::Case{"LC15: beside calls that only others may make", row<15>, once},
};

}  // namespace

int app_main(const sys::Startup& given) { return check::run_all(given, {cases}); }
