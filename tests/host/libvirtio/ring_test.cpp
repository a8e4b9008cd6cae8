// tests/host/libvirtio/ring_test.cpp - rings of every kind with an honest device: sizes, order, the
// wrap.
#include "rig.hpp"

#include <deque>

using namespace virtio;

TEST_CASE("event_passed is right across the wrap of the index", "[libvirtio][ring][V12][V13]")
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

TEST_CASE("what is offered comes back after publish, with what was written",
          "[libvirtio][ring][V7][V8][V17][V20][V21]")
{
    const auto kind = GENERATE(from_range(every_ring()));
    INFO(shown(kind));
    QueueRig<8> rig{8, kind};
    const auto head = rig.submit(67);
    CHECK_FALSE(rig.other().pop().has_value());  // not before publish
    CHECK(rig.queue.outstanding(head));
    CHECK(rig.queue.publish());
    CHECK_FALSE(rig.queue.publish());  // nothing new
    const auto chain = got(rig.other().pop());
    CHECK(chain.head == head.raw());
    CHECK_FALSE(rig.queue.take().has_value());
    rig.other().push(chain, 60);
    const auto taken = got(rig.queue.take()).value();
    CHECK(taken.head == head);
    CHECK(taken.written == 60);
    CHECK(taken.extent.total == 67);
    CHECK_FALSE(rig.queue.take().has_value());
    CHECK_FALSE(rig.queue.outstanding(head));
    CHECK(rig.queue.outstanding() == 0);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("all sizes work past the wrap of the index", "[libvirtio][ring][V13][V18][V21]")
{
    const bool packed = GENERATE(false, true);
    const auto [size, event_idx] =
        GENERATE(table<u16, bool>({{2, true}, {4, false}, {8, true}, {256, true}, {1024, false}}));
    QueueRig<1024> rig{size, {packed, event_idx, false}};
    u32 done = 0;
    u32 batch = 1;
    u32 wrong = 0;
    while (done < 66'000) {
        std::deque<u16> heads;
        for (u32 i = 0; i < batch; ++i)
            heads.push_back(rig.submit(64 + i).raw());
        wrong += rig.queue.publish() ? 0 : 1;
        while (const auto chain = rig.other().pop())
            rig.other().push(*chain, chain->pieces[0].length);
        for (u32 length = 64; const auto taken = rig.queue.take(); ++length) {
            wrong += taken->value().head.raw() == heads.front() ? 0 : 1;
            wrong += taken->value().written == length ? 0 : 1;
            heads.pop_front();
        }
        wrong += heads.empty() ? 0 : 1;
        done += batch;
        batch = batch % size + 1;
    }
    CHECK(wrong == 0);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("chains of 1 to 5 buffers come back in any order, 10,000 of them",
          "[libvirtio][ring][V6][V8][V11][V21]")
{
    const auto kind = GENERATE(from_range(every_ring()));
    INFO(shown(kind));
    QueueRig<64> rig{64, kind, 4};  // five do not fit a table
    std::vector<model::Chain> theirs;
    u32 random = 1;
    u32 wrong = 0;
    u32 ours = 0;
    for (u32 done = 0; done < 10'000;) {
        random = random * 1664525 + 1013904223;
        const std::vector<Buffer> chain(1 + (random >> 20) % 5, rig.writes(64));
        for (u32 i = 0; i < (random >> 8) % 9 && rig.queue.submit(chain); ++i)
            ++ours;
        (void)rig.queue.publish();
        while (auto popped = rig.other().pop())
            theirs.push_back(std::move(*popped));
        for (u32 i = 0; i < (random >> 16) % 9 && !theirs.empty(); ++i) {
            const usize which = (random >> 4) % theirs.size();
            rig.other().push(theirs[which], theirs[which].head);
            theirs.erase(theirs.begin() + static_cast<std::ptrdiff_t>(which));
        }
        while (const auto taken = rig.queue.take()) {
            wrong += taken->value().written == taken->value().head.raw() ? 0 : 1;
            --ours;
            ++done;
        }
        wrong += rig.queue.outstanding() == ours ? 0 : 1;
    }
    CHECK(wrong == 0);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a ring refuses sizes and memory that can't be", "[libvirtio][ring][V14]")
{
    model::World world;
    Ring<8> ring;
    const bool packed = GENERATE(false, true);
    const auto memory = dma(world.memory.allocate(8192));
    CHECK(ring.start(memory, {0, true, packed}).error() == Errc::bad_argument);
    CHECK(ring.start(memory, {6, true, packed}).error() == Errc::bad_argument);
    CHECK(ring.start({memory.memory, memory.address, Bytes{8191}}, {8, true, packed}).error()
          == Errc::no_space);
    CHECK(ring.start({memory.memory, memory.address + Bytes{16}, memory.size}, {8, true, packed})
              .error()
          == Errc::no_space);
    CHECK(ring.start({memory.memory + 4, memory.address, memory.size}, {8, true, packed}).error()
          == Errc::no_space);
    CHECK_FALSE(ring.take().has_value());
    CHECK_FALSE(ring.publish());
    CHECK_FALSE(ring.arm());
    CHECK(ring.start(memory, {8, true, packed}).has_value());
}
