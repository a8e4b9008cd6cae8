// tests/host/base/ring_stress_test.cpp - two threads that sleep on each other, under the thread
// sanitizer: nothing is lost, nothing is torn, and nobody sleeps for ever.
#include "ring_fixture.hpp"

#include <semaphore>
#include <thread>

#include <catch2/catch.hpp>

namespace {

constexpr u64 entries_of_a_run = 10'000;

// Sticky, as a notification's bit.
class Doorbell {
public:
    void ring()
    {
        if (!pending_.exchange(true))
            wake_.release();
    }
    void wait()
    {
        wake_.acquire();
        pending_.exchange(false);  // and sees all that was done before the bell rang
    }

private:
    std::atomic<bool> pending_ = false;
    std::counting_semaphore<4> wake_{0};
};

void produce(Producer<Entry> in, Doorbell& own, Doorbell& peer, u64 batch)
{
    for (u64 n = 0; n < entries_of_a_run;) {
        for (u64 i = 0; i < batch && n < entries_of_a_run && in.push(entry(n)); ++i)
            ++n;
        if (in.publish())
            peer.ring();
        while (in.room() == 0 && in.arm())
            own.wait();
    }
}

u64 consume(Consumer<Entry> out, Doorbell& own, Doorbell& peer)
{
    u64 wrong = 0;
    for (u64 n = 0; n < entries_of_a_run;) {
        if (const auto got = out.pop()) {
            wrong += got->number != n || got->twice != 2 * n ? 1 : 0;
            ++n;
            continue;
        }
        if (out.release_and_check())
            peer.ring();
        if (out.arm())
            own.wait();
    }
    if (out.release_and_check())
        peer.ring();  // it may sleep on the places of the last entries
    return wrong + (out.broken() ? 1 : 0);
}

}  // namespace

TEST_CASE("two threads pass entries and lose none", "[base][ring][stress]")
{
    Shared shared{GENERATE(usize{1}, usize{4}, usize{64})};
    const u64 batch = GENERATE(u64{1}, u64{16});
    Doorbell to_producer;
    Doorbell to_consumer;
    auto in = shared.producer();
    auto out = shared.consumer();

    std::thread producer{[&] { produce(in, to_producer, to_consumer, batch); }};
    const u64 wrong = consume(out, to_consumer, to_producer);
    producer.join();
    CHECK(wrong == 0);
}
