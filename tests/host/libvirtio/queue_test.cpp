// tests/host/libvirtio/queue_test.cpp - chains of any shape, and the free list behind them.
#include "rig.hpp"

#include <set>

using namespace virtio;

TEST_CASE("a chain reaches the device as it was given", "[libvirtio][queue]")
{
    QueueRig<8> rig{8};
    const auto head =
        rig.queue.submit(std::array{rig.reads(16), rig.writes(512), rig.writes(1)}).value();
    CHECK(rig.queue.free_descriptors() == 5);
    CHECK(rig.queue.publish());
    const auto chain = got(rig.other.pop());
    CHECK(chain.head == head.raw());
    REQUIRE(chain.pieces.size() == 3);
    CHECK(chain.pieces[0].address == rig.buffer.address);
    CHECK(chain.pieces[0].length == 16);
    CHECK_FALSE(chain.pieces[0].writable);
    CHECK(chain.pieces[2].writable);
    CHECK(chain.readable() == 16);
    CHECK(chain.writable() == 513);
    rig.other.push(chain, 513);
    const auto taken = got(rig.queue.take()).value();
    CHECK(taken.head == head);
    CHECK(taken.written == 513);
    CHECK(taken.extent.total == 529);
    CHECK(rig.queue.free_descriptors() == 8);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("chains that no device may see are refused", "[libvirtio][queue]")
{
    QueueRig<8> rig{8};
    const auto submit = [&](auto... buffers) {
        return rig.queue.submit(std::array{buffers...}).error();
    };
    CHECK(rig.queue.submit({}).error() == Errc::bad_argument);
    CHECK(submit(rig.reads(0)) == Errc::bad_argument);
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

TEST_CASE("a queue is not larger than it was made for", "[libvirtio][queue]")
{
    model::World world;
    Queue<8> queue;
    CHECK(queue.start(dma(world.memory.allocate(16384)), 16, true).error() == Errc::bad_argument);
}

TEST_CASE("no descriptor is ever in two chains, and none is lost", "[libvirtio][queue]")
{
    const u16 size = GENERATE(u16{2}, u16{4}, u16{8}, u16{256}, u16{1024});
    QueueRig<1024> rig{size};
    std::vector<model::Chain> theirs;
    std::map<u16, u16> links;
    u32 random = size;
    u32 in_use = 0;
    for (int step = 0; step < 20'000; ++step) {
        random = random * 1664525 + 1013904223;
        const u32 count = 1 + (random >> 20) % std::min<u32>(size, 9);
        const std::vector<Buffer> chain(count, rig.writes(8));
        if (const auto head = rig.queue.submit(chain)) {
            REQUIRE_FALSE(links.contains(head->raw()));
            links[head->raw()] = static_cast<u16>(count);
            in_use += count;
        } else {
            REQUIRE(head.error() == Errc::no_space);
            REQUIRE(in_use + count > size);
        }
        (void)rig.queue.publish();
        while (auto popped = rig.other.pop())
            theirs.push_back(std::move(*popped));
        while (!theirs.empty() && (random >> 8) % 3 == 0) {
            const usize which = (random >> 4) % theirs.size();
            REQUIRE(theirs[which].pieces.size() == links.at(theirs[which].head));
            rig.other.push(theirs[which], 8);
            theirs.erase(theirs.begin() + static_cast<std::ptrdiff_t>(which));
            random = random * 1664525 + 1013904223;
        }
        while (const auto taken = rig.queue.take()) {
            in_use -= links.at((*taken)->head.raw());
            links.erase((*taken)->head.raw());
        }
        REQUIRE(rig.queue.free_descriptors() == size - in_use);
    }
    CHECK(kept_the_rules(rig.world));
}
