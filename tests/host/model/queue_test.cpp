// tests/host/model/queue_test.cpp - both layouts of a queue, driven by hand: what comes out, when
// it interrupts, and what is refused.
#include "hand.hpp"

#include <model/packed_queue.hpp>

namespace {

using model::Lie;
using model::Piece;

// A queue on its own, driver and device.
struct Pair {
    explicit Pair(HandQueue::Options options)
        : driver{world, options},
          split{world},
          packed{world},
          packed_layout{options.packed},
          buffer{world.memory.allocate(4096)}
    {
        device().start(driver.setup());
    }

    model::Queue& device()
    {
        return packed_layout ? static_cast<model::Queue&>(packed)
                             : static_cast<model::Queue&>(split);
    }
    Piece reads(u32 length = 16) const { return {buffer.address, length, false}; }
    Piece writes(u32 length = 64) const { return {buffer.address + 64, length, true}; }
    model::Chain pop()
    {
        auto chain = device().pop();
        if (!chain)
            FAIL("nothing available");
        return *std::move(chain);
    }

    model::World world;
    HandQueue driver;
    model::SplitQueue split;
    model::PackedQueue packed;
    bool packed_layout;
    model::Memory::Region buffer;
};

const auto layouts = [] { return GENERATE(false, true); };

}  // namespace

TEST_CASE("chains come out as they were offered, in order, lap after lap", "[model][X5]")
{
    const bool packed = layouts();
    const u16 size = packed ? GENERATE(u16{8}, u16{7}) : u16{8};
    Pair pair{{.size = size, .packed = packed, .event_idx = true, .indirect = true}};
    u32 wrong = 0;
    for (u32 round = 0; round < 70'000; ++round) {
        const bool indirect = round % 512 == 0;
        const u32 length = round % 64 + 1;
        const u16 id = pair.driver.offer({pair.reads(), pair.writes(length)}, indirect);
        wrong += pair.driver.notify_wanted() ? 0 : 1;
        const auto chain = pair.pop();
        const bool same = chain.head == id && chain.readable() == 16 && chain.writable() == length;
        wrong += same && (chain.table != 0) == indirect && !pair.device().pop() ? 0 : 1;
        pair.device().push(chain, 1);
        wrong += pair.driver.take() == Used{id, 1} && !pair.driver.take() ? 0 : 1;
    }
    CHECK(wrong == 0);
    CHECK(kept_the_rules(pair.world));
}

TEST_CASE("chains come back in any order, and the ring may be full", "[model][X5]")
{
    Pair pair{{.size = 8, .packed = layouts()}};
    for (u32 round = 0; round < 1000; ++round) {
        std::map<u32, u32> lengths;
        for (u32 i = 0; i < 4; ++i) {
            const u16 id = pair.driver.offer({pair.reads(), pair.writes(i + 1)});
            REQUIRE(lengths.emplace(id, i + 1).second);
        }
        std::vector<model::Chain> chains;
        for (u32 i = 0; i < 4; ++i)
            chains.push_back(pair.pop());
        REQUIRE_FALSE(pair.device().pop().has_value());
        for (const u32 which : {2u, 0u, 3u, 1u}) {
            const auto& chain = chains[(which + round) % 4];
            pair.device().push(chain, static_cast<u32>(chain.writable()));
        }
        for (u32 i = 0; i < 4; ++i) {
            const auto used = pair.driver.take();
            REQUIRE(used.has_value());
            REQUIRE(lengths.at(used->id) == used->len);
            lengths.erase(used->id);
        }
    }
    CHECK(kept_the_rules(pair.world));
}

TEST_CASE("without EVENT_IDX the flags say who is told of what", "[model][X7]")
{
    Pair pair{{.packed = layouts()}};
    const auto turn = [&] {
        (void)pair.driver.offer({pair.writes()});
        pair.device().push(pair.pop(), 1);
        return pair.device().interrupt_due();
    };
    CHECK(turn());
    CHECK_FALSE(pair.device().interrupt_due());
    pair.driver.want_no_interrupts();
    CHECK_FALSE(turn());
    pair.driver.want_interrupts();
    CHECK(turn());
    CHECK(pair.driver.notify_wanted());
    pair.device().look_by_itself(true);
    CHECK_FALSE(pair.driver.notify_wanted());
    pair.device().look_by_itself(false);
    CHECK(pair.driver.notify_wanted());
}

TEST_CASE("with EVENT_IDX one of a batch is told of", "[model][X7]")
{
    const bool packed = layouts();
    Pair pair{{.size = packed ? u16{7} : u16{8}, .packed = packed, .event_idx = true}};
    (void)pair.device().pop();  // says what it waits for
    u32 interrupts = 0;
    u32 notifies = 0;
    for (u32 batch = 0; batch < 20'000; ++batch) {  // more than 2^16 elements
        pair.driver.want_interrupt_after(4);
        for (u32 i = 0; i < 4; ++i) {
            (void)pair.driver.offer({pair.writes()});
            notifies += pair.driver.notify_wanted() ? 1 : 0;
        }
        while (const auto chain = pair.device().pop()) {
            pair.device().push(*chain, 1);
            interrupts += pair.device().interrupt_due() ? 1 : 0;
        }
        for (u32 i = 0; i < 4; ++i)
            (void)pair.driver.take().value();
        if (interrupts != batch + 1 || notifies != batch + 1)
            FAIL("batch " << batch << ": " << interrupts << " interrupts, " << notifies);
    }
    pair.device().look_by_itself(true);
    (void)pair.driver.offer({pair.writes()});
    CHECK_FALSE(pair.driver.notify_wanted());
}

TEST_CASE("what no driver may offer is a complaint, and breaks the queue", "[model][X3]")
{
    const bool packed = layouts();
    Pair pair{{.packed = packed, .indirect = GENERATE(true, false)}};
    const bool indirect = pair.driver.setup().indirect;
    std::string words;
    SECTION("a buffer of no bytes")
    {
        (void)pair.driver.offer({pair.writes(0)});
        words = "no bytes";
    }
    SECTION("a buffer outside memory")
    {
        (void)pair.driver.offer({{0x1000, 16, true}});
        words = "outside memory";
    }
    SECTION("one that reaches beyond its piece of memory")
    {
        (void)pair.driver.offer({pair.writes(4096)});
        words = "outside memory";
    }
    SECTION("readable after writable")
    {
        (void)pair.driver.offer({pair.writes(), pair.reads()});
        words = "readable descriptor after a writable one";
    }
    SECTION("an indirect table, perhaps not negotiated, perhaps too long")
    {
        (void)pair.driver.offer(std::vector(9, pair.writes()), true);
        words = indirect ? "longer than the queue" : "without the feature";
    }
    SECTION("flags that nobody knows")
    {
        (void)pair.driver.offer({pair.writes()});
        pair.driver.desc_word(0, packed ? 7 : 6) |= 8;
        words = "unknown descriptor flags";
    }
    SECTION("indirect and next together")
    {
        if (!indirect)
            return;
        (void)pair.driver.offer({pair.writes()}, true);
        pair.driver.desc_word(0, packed ? 7 : 6) |= 1;
        words =
            packed ? "an indirect descriptor in a list" : "an indirect descriptor with a next one";
    }
    SECTION("an indirect descriptor in an indirect table")
    {
        if (!indirect)
            return;
        (void)pair.driver.offer({pair.writes()}, true);
        u64 table = 0;
        std::memcpy(&table, &pair.driver.desc_word(0, 0), 8);
        reinterpret_cast<u16*>(pair.world.memory.at(table, 16))[packed ? 7 : 6] |= 4;
        words = "flags that no indirect descriptor has";
    }
    SECTION("a table that ends in the middle of a descriptor")
    {
        if (!indirect)
            return;
        (void)pair.driver.offer({pair.writes()}, true);
        pair.driver.desc_word(0, 4) = 15;
        words = "no whole number";
    }
    CHECK_FALSE(pair.device().pop().has_value());
    CHECK(pair.device().broken());
    CHECK(complained(pair.world, words));
    CHECK_FALSE(pair.device().pop().has_value());
}

TEST_CASE("a split ring complains of what only it has", "[model][X3]")
{
    Pair pair{{.size = 4}};
    std::string words;
    SECTION("an index that jumps")
    {
        pair.driver.driver_word(1) = 5;
        words = "moved by more than the size";
    }
    SECTION("a head outside the table")
    {
        (void)pair.driver.offer({pair.writes()});
        pair.driver.driver_word(2) = 4;
        words = "head outside the table";
    }
    SECTION("a chain that the device has")
    {
        (void)pair.driver.offer({pair.writes()});
        (void)pair.pop();
        pair.driver.driver_word(3) = 0;
        pair.driver.driver_word(1) = 2;
        words = "given again";
    }
    SECTION("a loop")
    {
        (void)pair.driver.offer({pair.writes(), pair.writes()});
        pair.driver.desc_word(1, 6) |= 1;
        words = "chain with a loop";
    }
    SECTION("a link out of the table")
    {
        (void)pair.driver.offer({pair.writes(), pair.writes()});
        pair.driver.desc_word(0, 7) = 4;
        words = "next outside the table";
    }
    CHECK_FALSE(pair.device().pop().has_value());
    CHECK(complained(pair.world, words));
}

TEST_CASE("a packed ring complains of what only it has", "[model][X3]")
{
    Pair pair{{.size = 4, .packed = true}};
    std::string words;
    SECTION("a list whose end is not shown yet")
    {
        (void)pair.driver.offer({pair.writes(), pair.writes()});
        pair.driver.desc_word(1, 7) = 2;
        words = "shown before all of it was written";
    }
    SECTION("a list without an end")
    {
        (void)pair.driver.offer(std::vector(4, pair.writes()));
        pair.driver.desc_word(3, 7) |= 1;
        words = "longer than what is free";
    }
    SECTION("a buffer id that the device has")
    {
        (void)pair.driver.offer({pair.writes()});
        (void)pair.pop();
        (void)pair.driver.offer({pair.writes()});
        pair.driver.desc_word(1, 6) = 0;
        words = "given again";
    }
    CHECK_FALSE(pair.device().pop().has_value());
    CHECK(complained(pair.world, words));
}

TEST_CASE("a packed ring complains of event suppression that is reserved", "[model][X3]")
{
    Pair pair{{.packed = true, .event_idx = GENERATE(false, true)}};
    const bool event = pair.driver.setup().event_idx;
    (void)pair.driver.offer({pair.writes()});
    pair.driver.driver_word(1) = event ? 3 : 2;
    SECTION("a descriptor beyond the ring")
    {
        if (!event)
            return;
        pair.driver.driver_word(0) = 8;
        pair.driver.driver_word(1) = 2;
    }
    pair.device().push(pair.pop(), 1);
    CHECK_FALSE(pair.device().interrupt_due());
    CHECK(complained(pair.world, "event suppression"));
}

TEST_CASE("an area that is not aligned, or not there, is a complaint", "[model][X3]")
{
    Pair pair{{.packed = layouts()}};
    auto setup = pair.driver.setup();
    setup.device = pair.driver.memory(4096).address + 2;
    pair.device().start(setup);
    CHECK(complained(pair.world, "not aligned"));
    setup.device = 0;
    pair.device().start(setup);
    CHECK(complained(pair.world, "outside memory"));
    CHECK_FALSE(pair.device().running());
}
