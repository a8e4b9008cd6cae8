// base_ring_test.cpp - two programs on one ring, in every order: no entry is torn, lost or
// overwritten, nobody sleeps for ever, and each barrier is needed for that.
#include "explorer.hpp"

#include <memory>

#include <base/ring.hpp>
#include <catch2/catch.hpp>

namespace {

using explore::Bell;
using explore::demand;

struct Entry {
    u64 number;
};

// Who sleeps for how many entries, and whether both look first and then put and take what there is.
struct Shape {
    u32 count = 4;
    u32 batch = 1;
    u32 wanted = 1;
    bool looks = false;
};

struct World {
    explicit World(Shape how) : shape{how}
    {
        auto* produced = reinterpret_cast<RingSide*>(explore::place(sizeof(RingSide)));
        auto* consumed = reinterpret_cast<RingSide*>(explore::place(sizeof(RingSide)));
        auto* entries = reinterpret_cast<Entry*>(explore::place(2 * sizeof(Entry)));
        explore::name(&produced->index, 4, "produced.index");
        explore::name(&produced->wake_at, 4, "produced.wake_at");
        explore::name(&consumed->index, 4, "consumed.index");
        explore::name(&consumed->wake_at, 4, "consumed.wake_at");
        explore::name(entries, 2 * sizeof(Entry), "entries");
        in = Producer<Entry>::over(*produced, *consumed, {entries, 2}).value();
        out = Consumer<Entry>::over(*consumed, *produced, {entries, 2}).value();
    }

    void produce()
    {
        for (u64 n = 0; n < shape.count;) {
            for (u32 i = 0; i < shape.batch && n < shape.count && push({n + 1}); ++i)
                ++n;
            if (in->publish())
                to_consumer.ring();
            while (n < shape.count && in->room() < shape.wanted && in->arm(shape.wanted))
                to_producer.wait();
            demand(!in->broken(), "the producer does not believe the consumer");
        }
    }

    void consume()
    {
        for (u64 n = 0; n < shape.count;) {
            if (const auto got = pop()) {
                demand(got->number == ++n, "an entry that was not pushed");
                continue;
            }
            demand(!out->broken(), "the consumer does not believe the producer");
            if (out->release_and_check())
                to_producer.ring();
            if (out->arm())
                to_consumer.wait();
        }
        if (out->release_and_check())
            to_producer.ring();
    }

    bool push(Entry entry)
    {
        if (!shape.looks)
            return in->push(entry).has_value();
        const bool room = in->has_room();
        if (room)
            in->put(entry);
        return room;
    }

    std::optional<Entry> pop()
    {
        if (shape.looks)
            return out->ready() != 0 ? std::optional{out->take()} : std::nullopt;
        const auto got = out->pop();
        return got ? std::optional{*got} : std::nullopt;
    }

    Shape shape;
    std::optional<Producer<Entry>> in;
    std::optional<Consumer<Entry>> out;
    // A doorbell is a call of the kernel, which orders all before it.
    Bell to_producer{explore::Tells::all};
    Bell to_consumer{explore::Tells::all};
};

explore::Make two_programs(Shape shape)
{
    return [shape] {
        auto world = std::make_shared<World>(shape);
        return explore::Scenario{{"producer", "consumer"},
                                 {[world] { world->produce(); }, [world] { world->consume(); }}};
    };
}

}  // namespace

TEST_CASE("a ring keeps its promises in every order of its two sides", "[base][ring][explore]")
{
    const Shape shape =
        GENERATE(Shape{4, 1, 1}, Shape{4, 2, 1}, Shape{4, 2, 2}, Shape{4, 1, 1, true});
    const auto outcome = explore::explore(two_programs(shape), {});
    CHECK(outcome.finding == "");
    CHECK(outcome.executions > 1000);
}

TEST_CASE("every barrier of a ring is needed", "[base][ring][explore]")
{
    const bool looks = GENERATE(false, true);
    const auto left = explore::not_needed(two_programs({4, 1, 1, looks}), {});
    CHECK(left == std::set<explore::Site>{});
}
