// tests/host/microkernel/deadline_queue_test.cpp - the deadline queue against a multimap.
#include "sched/deadline_queue.hpp"

#include <map>
#include <memory>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

using kernel::DeadlineLink;
using kernel::DeadlineQueue;

namespace {

// The same set of links twice: in the queue and in the map.
struct Pair {
    std::vector<DeadlineLink> links;
    DeadlineQueue queue;
    std::multimap<u64, DeadlineLink*> map;

    explicit Pair(usize count) : links(count) {}

    void insert(DeadlineLink& link, u64 when)
    {
        link.when = abi::Ticks{when};
        queue.insert(link);
        map.emplace(when, &link);
    }

    void remove(DeadlineLink& link)
    {
        queue.remove(link);
        const auto [first, last] = map.equal_range(link.when.raw());
        map.erase(
            std::find_if(first, last, [&](const auto& entry) { return entry.second == &link; }));
    }

    void check() const
    {
        REQUIRE(queue.empty() == map.empty());
        REQUIRE((queue.first() == nullptr) == map.empty());
        if (!map.empty())
            REQUIRE(queue.first()->when.raw() == map.begin()->first);
    }

    // Empties both, in order.
    void drain()
    {
        while (!map.empty()) {
            check();
            remove(*queue.first());
        }
        check();
    }
};

}  // namespace

TEST_CASE("an empty queue has no first", "[microkernel][deadline]")
{
    const DeadlineQueue queue;
    CHECK(queue.empty());
    CHECK(queue.first() == nullptr);
}

TEST_CASE("a link knows whether it is queued", "[microkernel][deadline]")
{
    DeadlineQueue queue;
    DeadlineLink early;
    DeadlineLink late;
    early.when = abi::Ticks{1};
    late.when = abi::Ticks{2};
    CHECK_FALSE(early.queued());

    queue.insert(late);
    queue.insert(early);
    CHECK(early.queued());
    CHECK(late.queued());
    CHECK(queue.first() == &early);

    queue.remove(early);
    CHECK_FALSE(early.queued());
    CHECK(queue.first() == &late);
    queue.remove(early);
    CHECK(queue.first() == &late);
    queue.remove(late);
    CHECK(queue.empty());
    CHECK_FALSE(late.queued());
}

TEST_CASE("the first is the earliest whatever is inserted and removed", "[microkernel][deadline]")
{
    const u64 spread = GENERATE(1U, 8U, 1'000'000U);  // all equal, many equal, hardly any
    Pair pair{200};
    std::mt19937_64 random{spread};
    for (int step = 0; step < 50'000; ++step) {
        auto& link = pair.links[random() % pair.links.size()];
        if (random() % 8 == 0 && !pair.queue.empty())
            pair.remove(*pair.queue.first());
        else if (link.queued())
            pair.remove(link);
        else
            pair.insert(link, random() % spread);
        pair.check();
    }
    pair.drain();
    for (const auto& link : pair.links)
        CHECK_FALSE(link.queued());
}

TEST_CASE("times at both ends of the range are in order", "[microkernel][deadline]")
{
    Pair pair{3};
    pair.insert(pair.links[0], abi::never.raw());
    pair.insert(pair.links[1], 0);
    pair.insert(pair.links[2], abi::never.raw() - 1);
    pair.drain();
}

TEST_CASE("a long queue needs no deep stack", "[microkernel][deadline]")
{
    constexpr usize count = 1'000'000;
    std::vector<DeadlineLink> links(count);
    DeadlineQueue queue;
    const bool rising = GENERATE(true, false);
    for (usize i = 0; i < count; ++i) {
        links[i].when = abi::Ticks{rising ? i : count - i};
        queue.insert(links[i]);
    }
    u64 last = 0;
    usize taken = 0;
    bool ordered = true;
    while (!queue.empty()) {
        auto& first = *queue.first();
        ordered = ordered && first.when.raw() >= last;
        last = first.when.raw();
        queue.remove(first);
        ++taken;
    }
    CHECK(ordered);
    CHECK(taken == count);
}
