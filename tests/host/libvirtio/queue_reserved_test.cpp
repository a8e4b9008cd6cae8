// tests/host/libvirtio/queue_reserved_test.cpp - chains that are laid out once, beside others of
// any shape.
#include "rig.hpp"

using namespace virtio;

namespace {

constexpr u16 slots = 4;

// Chains of three pieces, of which the second one varies; the rest of the queue is free.
struct Rig : QueueRig<32, slots> {
    explicit Rig(RingKind kind, u16 table_entries = 8) : QueueRig{32, kind, table_entries}
    {
        REQUIRE(queue.reserve(slots, 3).has_value());
        for (u16 slot = 0; slot < slots; ++slot)
            lay_out(slot);
    }

    Buffer front(u16 slot) const
    {
        return {DeviceAddr{buffer.address + u64{slot} * 64}, 16, false};
    }
    Buffer back(u16 slot) const
    {
        return {DeviceAddr{buffer.address + u64{slot} * 64 + 32}, 1, true};
    }
    void lay_out(u16 slot)
    {
        queue.lay_out(DescriptorIndex{slot}, std::array{front(slot), Buffer{}, back(slot)}, 1);
    }
    void offer(u16 slot, const Buffer& data)
    {
        queue.offer(DescriptorIndex{slot}, data,
                    {17 + data.length, data.device_writes ? data.length + 1 : 1});
    }

    // The chain that the device sees next.
    model::Chain seen()
    {
        (void)queue.publish();
        return got(other().pop());
    }
    bool is(const model::Chain& chain, u16 slot, const Buffer& data) const
    {
        return chain.head == slot && chain.pieces.size() == 3
               && chain.pieces[0].address == front(slot).address.raw()
               && chain.pieces[1].address == data.address.raw()
               && chain.pieces[1].length == data.length
               && chain.pieces[1].writable == data.device_writes
               && chain.pieces[2].address == back(slot).address.raw() && chain.pieces[2].writable;
    }
};

}  // namespace

TEST_CASE("a chain laid out once is offered with another piece each time",
          "[libvirtio][queue][V6][V11][V21]")
{
    const auto kind = GENERATE(from_range(every_ring()));
    INFO(shown(kind));
    Rig rig{kind};
    for (u32 round = 0; round < 100; ++round)
        for (u16 slot = 0; slot < slots; ++slot) {
            const Buffer data = round % 2 == 0 ? rig.writes(100 + round) : rig.reads(200 + round);
            rig.offer(slot, data);
            const auto chain = rig.seen();
            REQUIRE(rig.is(chain, slot, data));
            REQUIRE(chain.table_bytes == (kind.indirect ? 48 : 0));
            rig.other().push(chain, 1);
            const auto taken = got(rig.queue.take()).value();
            REQUIRE(taken.head == DescriptorIndex{slot});
            REQUIRE(taken.extent.total == data.length + 17);
            REQUIRE(rig.queue.as_laid_out(taken.head));
        }
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a chain laid out once is offered without the piece that varies, and with it again",
          "[libvirtio][queue][V5][V11]")
{
    const auto kind = GENERATE(from_range(every_ring()));
    if (kind.packed)
        return;
    INFO(shown(kind));
    Rig rig{kind};
    for (u16 slot = 0; slot < slots; ++slot) {
        rig.queue.offer_without(DescriptorIndex{slot}, 1, {17, 1});
        const auto chain = rig.seen();
        REQUIRE(chain.head == slot);
        REQUIRE(chain.pieces.size() == 2);
        CHECK(chain.pieces[0].address == rig.front(slot).address.raw());
        CHECK(chain.pieces[1].address == rig.back(slot).address.raw());
        rig.other().push(chain, 1);
        const auto taken = got(rig.queue.take()).value();
        REQUIRE((taken.extent.total == 17 && rig.queue.as_laid_out(taken.head)));
        rig.queue.join(taken.head, 1);
        rig.offer(slot, rig.writes(100));
        const auto whole = rig.seen();
        REQUIRE(rig.is(whole, slot, rig.writes(100)));
        rig.other().push(whole, 101);
        REQUIRE(got(rig.queue.take()).has_value());
    }
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("of what came back at once only chains as they were laid out are taken together",
          "[libvirtio][queue]")
{
    const auto kind = GENERATE(from_range(every_ring()));
    INFO(shown(kind));
    Rig rig{kind};
    rig.offer(0, rig.writes(100));
    if (kind.packed)
        REQUIRE(rig.queue.submit(DescriptorIndex{1}, std::array{rig.front(1), rig.back(1)})
                    .has_value());
    else
        rig.queue.offer_without(DescriptorIndex{1}, 1, {17, 1});
    rig.offer(2, rig.writes(200));
    for (const u32 written : {101U, 1U, 201U})
        rig.other().push(rig.seen(), written);

    std::vector<u32> told;
    const auto each = [&](const Completion& one) {
        told.push_back(one.written);
        return true;
    };
    CHECK(rig.queue.take_some(slots, each) == 1);
    CHECK(rig.queue.take_some(slots, each) == 0);
    const auto alone = got(rig.queue.take()).value();
    CHECK((alone.head == DescriptorIndex{1} && alone.written == 1));
    CHECK(rig.queue.take_some(slots, each) == 1);
    CHECK(told == std::vector<u32>{101, 201});
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("another chain takes the place of one laid out, once", "[libvirtio][queue][V5][V11][V21]")
{
    const auto kind = GENERATE(from_range(every_ring()));
    INFO(shown(kind));
    Rig rig{kind, GENERATE(u16{3}, u16{8})};
    const u16 free = rig.queue.free_descriptors();
    for (u32 count = 1; count <= 12; ++count) {
        std::vector<Buffer> chain(count, rig.writes(8));
        chain[0] = rig.front(2);
        REQUIRE(rig.queue.submit(DescriptorIndex{2}, chain).has_value());
        REQUIRE_FALSE(rig.queue.as_laid_out(DescriptorIndex{2}));
        const auto seen = rig.seen();
        REQUIRE((seen.head == 2 && seen.pieces.size() == count));
        rig.other().push(seen, 1);
        REQUIRE(got(rig.queue.take()).value().head == DescriptorIndex{2});
        REQUIRE(rig.queue.free_descriptors() == free);
        REQUIRE_FALSE(rig.queue.as_laid_out(DescriptorIndex{2}));
        rig.lay_out(2);
        REQUIRE(rig.queue.as_laid_out(DescriptorIndex{2}));
        rig.offer(2, rig.writes(77));
        const auto again = rig.seen();
        REQUIRE(rig.is(again, 2, rig.writes(77)));
        rig.other().push(again, 1);
        REQUIRE(got(rig.queue.take()).has_value());
    }
    // What was taken for it went back, and nothing else.
    while (const auto head = rig.queue.submit(std::array{rig.writes(8)}))
        REQUIRE(head->raw() >= slots);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("chains laid out are never given to others", "[libvirtio][queue][V5]")
{
    const auto kind = GENERATE(from_range(every_ring()));
    INFO(shown(kind));
    Rig rig{kind};
    u32 others = 0;
    while (const auto head = rig.queue.submit(std::array{rig.writes(8)})) {
        CHECK(head->raw() >= slots);
        ++others;
    }
    // What they need is kept, too.
    CHECK(others == (kind.indirect ? 32 - slots : 32 - 3 * slots));
    CHECK(rig.queue.submit(std::array{rig.writes(8)}).error() == Errc::no_space);
    for (u16 slot = 0; slot < slots; ++slot)
        rig.offer(slot, rig.writes(8));
    CHECK(rig.queue.outstanding() == others + slots);
    (void)rig.queue.publish();
    while (const auto chain = rig.other().pop())
        rig.other().push(*chain, 1);
    u32 back = 0;
    while (const auto taken = rig.queue.take())
        back += taken->has_value() ? 1 : 0;
    CHECK(back == others + slots);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a reserved chain has room while others come and go", "[libvirtio][queue][V5][V21]")
{
    const auto kind = GENERATE(from_range(every_ring()));
    INFO(shown(kind));
    Rig rig{kind};
    u32 wrong = 0;
    for (u16 round = 0; round < 200; ++round) {
        const auto slot = static_cast<u16>(round % slots);
        rig.offer(slot, rig.writes(8));
        while (rig.queue.submit(std::array{rig.writes(8), rig.writes(8)}))
            continue;
        // It comes back first; what it had is not to be given away meanwhile.
        const auto first = rig.seen();
        rig.other().push(first, 1);
        wrong += got(rig.queue.take()).value().head == DescriptorIndex{slot} ? 0 : 1;
        wrong += rig.queue.submit(std::array{rig.writes(8), rig.writes(8)}) ? 1 : 0;
        while (const auto chain = rig.other().pop())
            rig.other().push(*chain, 1);
        while (const auto taken = rig.queue.take())
            wrong += taken->has_value() ? 0 : 1;
        REQUIRE(rig.queue.outstanding() == 0);
    }
    CHECK(wrong == 0);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("chains have tables as far as there are some", "[libvirtio][queue][V11][V21]")
{
    const bool packed = GENERATE(false, true);
    INFO("packed " << packed);
    QueueRig<16> rig{16, {.packed = packed, .event_idx = true, .indirect = true}, 3};
    rig.options.tables = {2, 3};
    rig.start();
    for (u16 round = 0; round < 50; ++round) {
        while (rig.queue.submit(std::array{rig.reads(), rig.reads(), rig.writes()}))
            continue;
        const u16 left = rig.queue.free_descriptors();
        (void)rig.queue.publish();
        std::vector<model::Chain> chains;
        u32 entries = 0;
        while (const auto chain = rig.other().pop()) {
            REQUIRE(chain->pieces.size() == 3);
            REQUIRE((chain->table != 0) == (chain->head < 2));
            entries += chain->table != 0 ? 1 : 3;
            chains.push_back(*chain);
        }
        REQUIRE((left < 3 && entries + left == 16));
        // In another order each time, so that the free list is not in order any more.
        std::ranges::rotate(chains, chains.begin() + round % 5);
        for (const auto& chain : chains)
            rig.other().push(chain, 16);
        while (const auto taken = rig.queue.take())
            REQUIRE(taken->has_value());
        REQUIRE(rig.queue.free_descriptors() == 16);
    }
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("chains are reserved in tables if there is one for each", "[libvirtio][queue][V11][V21]")
{
    const bool packed = GENERATE(false, true);
    const u16 tables = GENERATE(u16{2}, u16{3});
    model::World world;
    Queue<16, 3> queue;
    const auto memory = dma(world.memory.allocate(16384));
    const QueueOptions options{.size = 16, .packed = packed, .tables = {tables, 4}};
    REQUIRE(queue.start(memory, options).has_value());
    REQUIRE(queue.reserve(3, 4).has_value());
    u32 others = 0;
    while (queue.submit(std::array{Buffer{memory.address, 8, true}}))
        ++others;
    CHECK(others == (tables == 3 ? 13 : 4));
}

TEST_CASE("no more chains are reserved than there is room for", "[libvirtio][queue]")
{
    model::World world;
    Queue<8, 4> queue;
    const auto memory = dma(world.memory.allocate(16384));
    REQUIRE(queue.start(memory, {.size = 8}).has_value());
    CHECK(queue.reserve(5, 1).error() == Errc::bad_argument);
    CHECK(queue.reserve(3, 3).error() == Errc::bad_argument);
    CHECK(queue.reserve(2, 0).error() == Errc::bad_argument);
    CHECK(queue.reserve(2, 4).has_value());
    CHECK(queue.free_descriptors() == 0);
    REQUIRE(queue.start(memory, {.size = 8, .tables = {4, 9}}).has_value());
    CHECK(queue.reserve(4, 9).has_value());
    CHECK(queue.free_descriptors() == 4);
}
