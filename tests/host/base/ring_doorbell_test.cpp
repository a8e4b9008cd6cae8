// tests/host/base/ring_doorbell_test.cpp - a publish and an announcement of sleep at the same
// moment: at least one side sees the other. Without sanitizers, whose own locks would stand in for
// the fence.
#include "ring_fixture.hpp"

#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

namespace {

constexpr u32 rounds = 60'000;

// Both sides leave it within a few cycles of each other.
void wait_for(const std::atomic<u32>& round, u32 value)
{
    for (u32 spins = 1; round.load(std::memory_order_acquire) != value; ++spins)
        if (spins % 4096 == 0)
            std::this_thread::yield();
}

}  // namespace

TEST_CASE("a publish that meets an announcement of sleep is noticed by one of them",
          "[base][ring][stress]")
{
    Shared shared{4};
    auto in = shared.producer();
    auto out = shared.consumer();
    std::atomic<u32> started = 0;
    std::atomic<u32> finished = 0;
    bool doorbell = false;

    std::thread producer{[&] {
        for (u32 round = 1; round <= rounds; ++round) {
            wait_for(started, round);
            (void)in.push(entry(round));
            doorbell = in.publish();
            finished.store(round, std::memory_order_release);
        }
    }};
    u32 forgotten = 0;
    for (u32 round = 1; round <= rounds; ++round) {
        started.store(round, std::memory_order_release);
        const bool sleeps = out.arm();
        wait_for(finished, round);
        forgotten += sleeps && !doorbell ? 1 : 0;
        (void)out.pop();
        out.release();
    }
    producer.join();
    CHECK(forgotten == 0);
}
