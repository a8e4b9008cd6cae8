// tests/host/libvirtio/ring_test.cpp - the rings with an honest device: sizes, order, the wrap.
#include "rig.hpp"

#include <deque>

using namespace virtio;

namespace {

// A ring whose chains are single descriptors that the device writes.
template <u16 Max>
struct RingRig {
    explicit RingRig(u16 size, bool event_idx = true) : other{world}
    {
        const auto region = world.memory.allocate(RingLayout{size}.bytes().raw());
        const auto rings = ring.start(dma(region), size, event_idx).value();
        other.start({size, rings.desc.raw(), rings.driver.raw(), rings.device.raw(), event_idx});
        const auto buffer = world.memory.allocate(4096);
        for (u16 i = 0; i < size; ++i)
            ring.describe(DescriptorIndex{i}, {buffer.address, 64u + i, DescriptorFlags::write, 0});
    }

    static u32 length(u16 head) { return 64u + head; }
    void offer(u16 head) { ring.offer(DescriptorIndex{head}, {length(head), length(head)}); }

    model::World world;
    model::SplitQueue other;
    Ring<Max> ring;
};

}  // namespace

TEST_CASE("event_passed is right across the wrap of the index", "[libvirtio][ring]")
{
    const auto passed = [](u32 event, u32 old, u32 fresh) {
        return event_passed(RingPosition{static_cast<u16>(event)},
                            RingPosition{static_cast<u16>(old)},
                            RingPosition{static_cast<u16>(fresh)});
    };
    // An independent statement: some entry of old .. fresh - 1 is the event.
    for (const u32 old : {0u, 1u, 5u, 32767u, 32768u, 65530u, 65535u})
        for (const u32 count : {1u, 2u, 7u, 32u, 1024u})
            for (const u32 off : {0u, 1u, 2u, 6u, 7u, 31u, 32u, 1023u, 1024u, 40000u, 65535u}) {
                const u32 event = (old + off) & 0xffff;
                CHECK(passed(event, old, (old + count) & 0xffff) == (off < count));
            }
}

TEST_CASE("what is offered comes back after publish, with what was written", "[libvirtio][ring]")
{
    RingRig<8> rig{8, GENERATE(true, false)};
    rig.offer(3);
    CHECK_FALSE(rig.other.pop().has_value());  // not before publish
    CHECK(rig.ring.outstanding(DescriptorIndex{3}));
    CHECK(rig.ring.publish());
    CHECK_FALSE(rig.ring.publish());  // nothing new
    const auto chain = got(rig.other.pop());
    CHECK(chain.head == 3);
    CHECK_FALSE(rig.ring.take().has_value());
    rig.other.push(chain, 60);
    const auto taken = got(rig.ring.take()).value();
    CHECK(taken.head == DescriptorIndex{3});
    CHECK(taken.written == 60);
    CHECK(taken.extent.total == 67);
    CHECK_FALSE(rig.ring.take().has_value());
    CHECK_FALSE(rig.ring.outstanding(DescriptorIndex{3}));
    CHECK(rig.ring.outstanding() == 0);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("all sizes work past the wrap of the index", "[libvirtio][ring]")
{
    const auto [size, event_idx] = GENERATE(table<u16, bool>(
        {{2, true}, {4, false}, {8, true}, {64, false}, {256, true}, {1024, false}}));
    RingRig<1024> rig{size, event_idx};
    u32 done = 0;
    u32 batch = 1;
    u32 wrong = 0;
    while (done < 66'000) {
        for (u32 i = 0; i < batch; ++i)
            rig.offer(static_cast<u16>(i));
        wrong += rig.ring.publish() ? 0 : 1;
        while (const auto chain = rig.other.pop())
            rig.other.push(*chain, RingRig<1024>::length(chain->head));
        u16 expected = 0;
        while (const auto taken = rig.ring.take()) {
            const auto& [head, written, extent] = taken->value();
            wrong += head.raw() == expected && written == rig.length(expected) ? 0 : 1;
            ++expected;
        }
        wrong += expected == batch ? 0 : 1;
        done += batch;
        batch = batch % size + 1;
    }
    CHECK(wrong == 0);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("chains come back in any order, 100,000 of them", "[libvirtio][ring]")
{
    RingRig<64> rig{64};
    std::deque<u16> ours;
    for (u16 i = 0; i < 64; ++i)
        ours.push_back(i);
    std::vector<model::Chain> theirs;
    u32 random = 1;
    u32 wrong = 0;
    for (u32 done = 0; done < 100'000;) {
        random = random * 1664525 + 1013904223;
        for (u32 i = 0; i < (random >> 8) % 9 && !ours.empty(); ++i) {
            rig.offer(ours.front());
            ours.pop_front();
        }
        (void)rig.ring.publish();
        while (auto chain = rig.other.pop())
            theirs.push_back(std::move(*chain));
        for (u32 i = 0; i < (random >> 16) % 9 && !theirs.empty(); ++i) {
            const usize which = (random >> 4) % theirs.size();
            rig.other.push(theirs[which], theirs[which].head);
            theirs.erase(theirs.begin() + static_cast<std::ptrdiff_t>(which));
        }
        while (const auto taken = rig.ring.take()) {
            wrong += taken->value().written == taken->value().head.raw() ? 0 : 1;
            ours.push_back((*taken)->head.raw());
            ++done;
        }
        wrong += rig.ring.outstanding() == 64 - ours.size() ? 0 : 1;
    }
    CHECK(wrong == 0);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a ring refuses sizes and memory that can't be", "[libvirtio][ring]")
{
    model::World world;
    Ring<8> ring;
    const auto memory = dma(world.memory.allocate(8192));
    CHECK(ring.start(memory, 0, true).error() == Errc::bad_argument);
    CHECK(ring.start(memory, 6, true).error() == Errc::bad_argument);
    CHECK(ring.start({memory.memory, memory.address, Bytes{8191}}, 8, true).error()
          == Errc::no_space);
    CHECK(ring.start({memory.memory, memory.address + Bytes{16}, memory.size}, 8, true).error()
          == Errc::no_space);
    CHECK_FALSE(ring.take().has_value());
    CHECK_FALSE(ring.publish());
    CHECK_FALSE(ring.arm());
    CHECK(ring.start(memory, 8, true).has_value());
}
