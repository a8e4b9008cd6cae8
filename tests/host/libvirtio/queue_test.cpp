// tests/host/libvirtio/queue_test.cpp - chains of any shape, and the free list behind them.
#include "rig.hpp"

#include <map>

using namespace virtio;

TEST_CASE("a chain reaches the device as it was given", "[libvirtio][queue][V1][V2][V6][V11][V21]")
{
    const auto kind = GENERATE(from_range(every_ring()));
    INFO(shown(kind));
    QueueRig<8> rig{8, kind};
    const auto head =
        rig.queue.submit(std::array{rig.reads(16), rig.writes(512), rig.writes(1)}).value();
    CHECK(rig.queue.free_descriptors() == (kind.indirect ? 7 : 5));
    CHECK(rig.queue.publish());
    const auto chain = got(rig.other().pop());
    CHECK(chain.head == head.raw());
    CHECK(chain.table_bytes == (kind.indirect ? 48 : 0));
    REQUIRE(chain.pieces.size() == 3);
    CHECK(chain.pieces[0].address == rig.buffer.address);
    CHECK(chain.pieces[0].length == 16);
    CHECK_FALSE(chain.pieces[0].writable);
    CHECK(chain.pieces[2].writable);
    CHECK(chain.readable() == 16);
    CHECK(chain.writable() == 513);
    rig.other().push(chain, 513);
    const auto taken = got(rig.queue.take()).value();
    CHECK(taken.head == head);
    CHECK(taken.written == 513);
    CHECK(taken.extent.total == 529);
    CHECK(rig.queue.free_descriptors() == 8);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("chains of 1 to N buffers, N the queue's size", "[libvirtio][queue][V6][V11][V21]")
{
    const auto kind = GENERATE(from_range(every_ring()));
    INFO(shown(kind));
    const u16 size = GENERATE(u16{2}, u16{4}, u16{64}, u16{256});
    QueueRig<256> rig{size, kind, 66};
    for (u32 round = 0; round < 3; ++round)
        for (u32 count = 1; count <= size; ++count) {
            const std::vector<Buffer> chain(count, rig.writes(8));
            REQUIRE(rig.queue.submit(chain).has_value());
            const bool table = kind.indirect && count > 1 && count <= 66;
            REQUIRE(rig.queue.free_descriptors() == size - (table ? 1 : count));
            (void)rig.queue.publish();
            const auto seen = got(rig.other().pop());
            REQUIRE(seen.pieces.size() == count);
            rig.other().push(seen, count);
            REQUIRE(got(rig.queue.take()).value().written == count);
            REQUIRE(rig.queue.free_descriptors() == size);
        }
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("chains that no device may see are refused", "[libvirtio][queue]")
{
    const bool packed = GENERATE(false, true);
    QueueRig<8> rig{8, {.packed = packed, .indirect = false}};
    const auto submit = [&](auto... buffers) {
        return rig.queue.submit(std::array{buffers...}).error();
    };
    CHECK(rig.queue.submit({}).error() == Errc::bad_argument);
    CHECK(submit(rig.reads(0)) == Errc::bad_argument);
    CHECK(submit(rig.reads(), rig.writes(0)) == Errc::bad_argument);
    CHECK(submit(rig.writes(), rig.reads()) == Errc::bad_argument);
    CHECK(submit(rig.writes(0xffff'ffff)) == Errc::too_big);
    CHECK(submit(rig.reads(0x8000'0000), rig.writes(0x8000'0000)) == Errc::too_big);
    const std::vector<Buffer> nine(9, rig.writes());
    CHECK(rig.queue.submit(nine).error() == Errc::too_big);
    const std::vector<Buffer> seven(7, rig.writes());
    CHECK(rig.queue.submit(seven).has_value());
    CHECK(rig.queue.submit(std::array{rig.reads(), rig.writes()}).error() == Errc::no_space);
    CHECK(rig.queue.submit(std::array{rig.writes()}).has_value());
    CHECK(rig.queue.submit(std::array{rig.writes()}).error() == Errc::no_space);
    CHECK(rig.queue.outstanding() == 2);
}

TEST_CASE("with tables a full ring has a chain of many buffers in each entry",
          "[libvirtio][queue][V11]")
{
    const bool packed = GENERATE(false, true);
    QueueRig<128> rig{128, {.packed = packed}, 66};
    const std::vector<Buffer> chain(66, rig.writes(8));
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 128; ++i)
            REQUIRE(rig.queue.submit(chain).has_value());
        CHECK(rig.queue.submit(chain).error() == Errc::no_space);
        CHECK(rig.queue.publish());
        while (const auto seen = rig.other().pop()) {
            REQUIRE(seen->pieces.size() == 66);
            rig.other().push(*seen, 66 * 8);
        }
        for (int i = 0; i < 128; ++i)
            REQUIRE(got(rig.queue.take()).value().written == 66 * 8);
        CHECK_FALSE(rig.queue.take().has_value());
    }
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a queue is not larger than it was made for", "[libvirtio][queue]")
{
    model::World world;
    Queue<8> queue;
    const auto memory = dma(world.memory.allocate(16384));
    CHECK(queue.start(memory, {.size = 16}).error() == Errc::bad_argument);
    CHECK(queue.start(memory, {.size = 8, .tables = {9, 2}}).error() == Errc::bad_argument);
    CHECK(queue.start(memory, {.size = 8, .tables = {8, 128}}).error() == Errc::no_space);
    CHECK(queue.start(memory, {.size = 6}).error() == Errc::bad_argument);
    CHECK(queue.free_descriptors() == 0);
    CHECK(queue.submit(std::array{Buffer{DeviceAddr{1}, 1, true}}).error() == Errc::device_fault);
}

TEST_CASE("what was negotiated decides what a queue does", "[libvirtio][queue][V11][V12][V21]")
{
    const Tables tables{4, 8};
    const auto all = QueueOptions::negotiated(queue_features, 4, tables);
    CHECK((all.size == 4 && all.event_idx && all.packed && all.tables.entries == 8));
    const auto none = QueueOptions::negotiated({}, 4, tables);
    CHECK((none.size == 4 && !none.event_idx && !none.packed && none.tables.count == 0));
}

TEST_CASE("no descriptor is ever in two chains, and none is lost", "[libvirtio][queue][V5]")
{
    const auto kind = GENERATE(from_range(every_ring()));
    INFO(shown(kind));
    const u16 size = GENERATE(u16{2}, u16{4}, u16{8}, u16{256}, u16{1024});
    QueueRig<1024> rig{size, kind, 4};
    const auto entries = [&](u32 count) { return kind.indirect && count <= 4 ? 1 : count; };
    std::vector<model::Chain> theirs;
    std::map<u16, u32> links;
    u32 random = size;
    u32 in_use = 0;
    for (int step = 0; step < 10'000; ++step) {
        random = random * 1664525 + 1013904223;
        const u32 count = 1 + (random >> 20) % std::min<u32>(size, 9);
        const std::vector<Buffer> chain(count, rig.writes(8));
        if (const auto head = rig.queue.submit(chain)) {
            REQUIRE_FALSE(links.contains(head->raw()));
            links[head->raw()] = count;
            in_use += entries(count);
        } else {
            REQUIRE(head.error() == Errc::no_space);
            REQUIRE(in_use + entries(count) > size);
        }
        (void)rig.queue.publish();
        while (auto popped = rig.other().pop())
            theirs.push_back(std::move(*popped));
        while (!theirs.empty() && (random >> 8) % 3 == 0) {
            const usize which = (random >> 4) % theirs.size();
            REQUIRE(theirs[which].pieces.size() == links.at(theirs[which].head));
            rig.other().push(theirs[which], 8);
            theirs.erase(theirs.begin() + static_cast<std::ptrdiff_t>(which));
            random = random * 1664525 + 1013904223;
        }
        while (const auto taken = rig.queue.take()) {
            in_use -= entries(links.at((*taken)->head.raw()));
            links.erase((*taken)->head.raw());
        }
        REQUIRE(rig.queue.free_descriptors() == size - in_use);
    }
    CHECK(kept_the_rules(rig.world));
}
