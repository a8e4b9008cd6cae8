// tests/host/base/ring_test.cpp - a ring between two honest sides.
#include "ring_fixture.hpp"

#include <deque>
#include <random>

#include <catch2/catch.hpp>

TEST_CASE("entries come out in the order they went in", "[base][ring]")
{
    Shared shared{8};
    auto in = shared.producer();
    auto out = shared.consumer();

    for (u64 n = 0; n < 5; ++n)
        REQUIRE(in.push(entry(n)));
    CHECK(out.pop().error() == Errc::would_block);  // not published yet
    (void)in.publish();
    for (u64 n = 0; n < 5; ++n)
        CHECK(out.pop().value().twice == 2 * n);
    CHECK(out.pop().error() == Errc::would_block);
}

TEST_CASE("a full ring refuses, and takes again after a release", "[base][ring]")
{
    Shared shared{4};
    auto in = shared.producer();
    auto out = shared.consumer();

    CHECK(in.room() == 4);
    for (u64 n = 0; n < 4; ++n)
        REQUIRE(in.push(entry(n)));
    CHECK(in.push(entry(4)).error() == Errc::no_space);
    (void)in.publish();
    REQUIRE(out.pop());
    CHECK(in.push(entry(4)).error() == Errc::no_space);  // popped, but not released
    out.release();
    CHECK(in.room() == 1);
    CHECK(in.push(entry(4)));
}

TEST_CASE("a producer sees how far ahead its consumer sleeps", "[base][ring]")
{
    Shared shared{8};
    auto in = shared.producer();
    auto out = shared.consumer();

    REQUIRE(in.push(entry(0)));
    (void)in.publish();
    REQUIRE(out.pop());
    CHECK_FALSE(in.awaited(8));  // it has seen all, and does not sleep
    REQUIRE(out.arm(3));
    CHECK_FALSE(in.awaited(2));
    CHECK(in.awaited(3));
    CHECK_FALSE(in.awaited(0));
    for (u64 n = 1; n <= 2; ++n)
        REQUIRE(in.push(entry(n)));
    CHECK_FALSE(in.awaited(0));
    CHECK(in.awaited(1));  // what was pushed counts, published or not
    REQUIRE(in.push(entry(3)));
    CHECK(in.publish());
    CHECK_FALSE(in.awaited(8));
}

TEST_CASE("a ring has a power of two of aligned entries", "[base][ring]")
{
    RingSide own{};
    RingSide peer{};
    alignas(8) std::array<Entry, 8> place{};
    const auto with = [&](usize count) {
        return Producer<Entry>::over(own, peer, std::span{place}.first(count));
    };

    CHECK(with(1));
    CHECK(with(8));
    CHECK(with(0).error() == Errc::bad_argument);
    CHECK(with(6).error() == Errc::bad_argument);
    CHECK(Consumer<Entry>::over(own, peer, std::span{place}.first(3)).error()
          == Errc::bad_argument);
}

TEST_CASE("a ring is no longer than can be, and its entries are words", "[base][ring]")
{
    struct Halves {
        u32 low;
        u32 high;
    };
    RingSide own{};
    RingSide peer{};
    alignas(8) std::array<Halves, 5> place{};
    const auto with = [&](Halves* first, usize count) {
        const std::span entries{first, count};  // that nobody looks at
        const auto in = Producer<Halves>::over(own, peer, entries);
        const auto out = Consumer<Halves>::over(own, peer, std::span<const Halves>{entries});
        CHECK(in.has_value() == out.has_value());
        return in.has_value();
    };

    CHECK(with(place.data(), ring::max_entries));
    CHECK_FALSE(with(place.data(), 2 * ring::max_entries));
    auto* half = reinterpret_cast<Halves*>(&place[0].high);
    CHECK(with(place.data(), 4));
    CHECK_FALSE(with(half, 4));
}

TEST_CASE("a batch is published with one doorbell, and none if the consumer is awake",
          "[base][ring]")
{
    Shared shared{8};
    auto in = shared.producer();
    auto out = shared.consumer();

    REQUIRE(out.arm());  // empty: it may sleep
    for (u64 n = 0; n < 3; ++n)
        REQUIRE(in.push(entry(n)));
    CHECK(in.publish());
    CHECK_FALSE(in.publish());  // nothing new

    REQUIRE(in.push(entry(3)));
    CHECK_FALSE(in.publish());  // it has not announced sleep again
}

TEST_CASE("what was seen is taken at once or in a batch, and no more than that", "[base][ring]")
{
    Shared shared{8};
    auto in = shared.producer();
    auto out = shared.consumer();
    CHECK(out.ready() == 0);
    for (u64 n = 0; n < 20; ++n) {
        REQUIRE(in.room() >= 3);
        for (u64 i = 0; i < 3; ++i)
            in.put(entry(3 * n + i));
        CHECK(out.ready() == 0);  // not shown yet
        (void)in.publish();
        REQUIRE(out.ready() == 3);
        CHECK(out.take().number == 3 * n);
        auto batch = out.batch();
        CHECK(batch.take().number == 3 * n + 1);
        CHECK(out.ready() == 2);
        out.took(batch);
        CHECK(out.ready() == 1);
        CHECK_FALSE(out.emptied());
        CHECK(out.pop().value().number == 3 * n + 2);
        CHECK(out.emptied());
        out.release();
    }
}

TEST_CASE("who announces sleep too late is told to look again", "[base][ring]")
{
    Shared shared{8};
    auto in = shared.producer();
    auto out = shared.consumer();

    REQUIRE(in.push(entry(1)));
    (void)in.publish();
    CHECK_FALSE(out.arm());
    CHECK(out.pop());
    CHECK(out.arm());
}

TEST_CASE("a consumer can sleep until several entries are there", "[base][ring]")
{
    Shared shared{8};
    auto in = shared.producer();
    auto out = shared.consumer();

    REQUIRE(out.arm(3));
    REQUIRE(in.push(entry(0)));
    CHECK_FALSE(in.publish());
    REQUIRE(in.push(entry(1)));
    CHECK_FALSE(in.publish());
    REQUIRE(in.push(entry(2)));
    CHECK(in.publish());
    CHECK(out.available() == 3);
}

TEST_CASE("a producer can sleep until there is room", "[base][ring]")
{
    Shared shared{4};
    auto in = shared.producer();
    auto out = shared.consumer();
    for (u64 n = 0; n < 4; ++n)
        REQUIRE(in.push(entry(n)));
    (void)in.publish();

    REQUIRE(in.arm(2));
    REQUIRE(out.pop());
    CHECK_FALSE(out.release_and_check());
    REQUIRE(out.pop());
    CHECK(out.release_and_check());
    CHECK_FALSE(out.release_and_check());
    CHECK_FALSE(in.arm(2));  // there is room for two
}

TEST_CASE("stepping over an index is seen across the wrap of 32 bits", "[base][ring]")
{
    CHECK(ring::stepped_over(0, 0, 1));
    CHECK(ring::stepped_over(5, 3, 6));
    CHECK_FALSE(ring::stepped_over(5, 3, 5));
    CHECK_FALSE(ring::stepped_over(5, 6, 9));
    CHECK(ring::stepped_over(0xffff'ffff, 0xffff'fffe, 1));
    CHECK(ring::stepped_over(0, 0xffff'fffe, 1));
    CHECK_FALSE(ring::stepped_over(1, 0xffff'fffe, 1));
    CHECK_FALSE(ring::stepped_over(7, 7, 7));
}

// Random steps of both sides against a queue; a side that sleeps must be woken before it has to
// move.
TEST_CASE("a ring behaves as a bounded queue, and no sleeper is forgotten",
          "[base][ring][property]")
{
    std::mt19937 random{GENERATE(1U, 2U, 3U, 4U)};
    const usize size = usize{1} << GENERATE(0, 1, 3, 6);
    Shared shared{size};
    auto in = shared.producer();
    auto out = shared.consumer();
    std::deque<u64> pushed;   // not yet shown
    std::deque<u64> visible;  // shown, not yet popped
    u64 next = 0;
    usize held = 0;  // popped, not yet released
    bool asleep = false;

    for (int step = 0; step < 20'000; ++step) {
        switch (random() % 5) {
        case 0:
        case 1: {
            const bool room = pushed.size() + visible.size() + held < size;
            REQUIRE(in.push(entry(next)).has_value() == room);
            if (room)
                pushed.push_back(next++);
            break;
        }
        case 2: {
            const bool doorbell = in.publish();
            if (asleep && !pushed.empty())
                REQUIRE(doorbell);
            if (!pushed.empty())
                asleep = false;
            visible.insert(visible.end(), pushed.begin(), pushed.end());
            pushed.clear();
            break;
        }
        case 3: {
            const auto got = out.pop();
            REQUIRE(got.has_value() == !visible.empty());
            if (!got)
                break;
            REQUIRE(got->number == visible.front());
            REQUIRE(got->twice == 2 * visible.front());
            visible.pop_front();
            ++held;
            break;
        }
        default:
            out.release();
            held = 0;
            if (visible.empty()) {
                REQUIRE(out.arm());
                asleep = true;
            }
        }
    }
    CHECK_FALSE(in.broken());
    CHECK_FALSE(out.broken());
}
