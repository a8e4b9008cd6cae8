// tests/host/libvirtio/packed_ring_test.cpp - the words of a packed ring, one by one (virtio 1.2,
// 2.8).
#include "rig.hpp"

#include <cstring>

using namespace virtio;

namespace {

constexpr u16 size = 8;

struct Words {
    alignas(4096) std::array<std::byte, 4096> memory{};
    PackedRing ring{memory.data(), size};

    u16 half(usize at) const
    {
        u16 value = 0;
        std::memcpy(&value, memory.data() + at, 2);
        return value;
    }
    void set_half(usize at, u16 value) { std::memcpy(memory.data() + at, &value, 2); }
    u16 flags(u32 slot) const { return half(16 * slot + 14); }
};
constexpr usize driver_wish = 16 * size;
constexpr usize device_wish = driver_wish + 4;

}  // namespace

TEST_CASE("a packed ring is descriptors, then what each side wants", "[libvirtio][ring][V14][V21]")
{
    for (u32 n = 1; n <= max_queue_size; n *= 2) {
        const PackedLayout layout{static_cast<u16>(n)};
        CHECK(layout.driver() == 16 * u64{n});
        CHECK(layout.device() == 16 * u64{n} + 4);
        CHECK(layout.bytes().raw() == (16 * u64{n} + 8 + 4095) / 4096 * 4096);
        CHECK(layout.bytes() <= RingLayout{static_cast<u16>(n)}.bytes());
    }
    const auto addresses = PackedRing::addresses(DeviceAddr{0x10000}, size);
    CHECK(addresses.desc == DeviceAddr{0x10000});
    CHECK(addresses.driver == DeviceAddr{0x10000 + driver_wish});
    CHECK(addresses.device == DeviceAddr{0x10000 + device_wish});
}

TEST_CASE("an entry is available by one mark in even laps, by the other in odd ones",
          "[libvirtio][ring][V21]")
{
    Words words;
    words.ring.put(RingPosition{2}, 0x1122334455667788, 77, 5);
    CHECK(words.half(32) == 0x7788);
    CHECK(words.half(32 + 8) == 77);
    CHECK(words.half(32 + 12) == 5);
    CHECK(words.flags(2) == 0);
    words.ring.mark(RingPosition{2}, words.ring.available(RingPosition{2}));
    CHECK(words.flags(2) == 1 << 7);
    CHECK(words.ring.available(RingPosition{size + 2}) == 1 << 15);
    CHECK(words.ring.available(RingPosition{2 * size + 2}) == 1 << 7);
    CHECK(words.ring.available(RingPosition{65535}) == 1 << 15);
}

TEST_CASE("an entry is used when both marks are the lap's", "[libvirtio][ring][V21]")
{
    Words words;
    for (const auto& [lap, flags, used] : {std::tuple{0, 0, false},
                                           {0, 1 << 7, false},
                                           {0, 1 << 15, false},
                                           {0, 0x8080, true},
                                           {1, 0x8080, false},
                                           {1, 1 << 15, false},
                                           {1, 1 << 7, false},
                                           {1, 0, true},
                                           {8190, 0x8080, true},
                                           {8191, 0, true}}) {
        words.set_half(16 * 3 + 14, static_cast<u16>(flags | DescriptorFlags::write));
        CHECK(words.ring.used(RingPosition{static_cast<u16>(lap * size + 3)}) == used);
    }
}

TEST_CASE("a packed device is notified as it wishes, right across both wraps",
          "[libvirtio][ring][events][V9][V12][V21]")
{
    Words words;
    const auto show = [&](u32 old, u32 count, u16 off_wrap, u16 flags) {
        words.set_half(device_wish, off_wrap);
        words.set_half(device_wish + 2, flags);
        return words.ring.show(RingPosition{static_cast<u16>(old)},
                               RingPosition{static_cast<u16>(old + count)}, 0);
    };
    for (const u32 old : {0u, 3u, 7u, 8u, 13u, 15u, 16u, 65530u, 65535u})
        for (u32 count = 1; count <= size; ++count) {
            CHECK(show(old, count, 0x1234, EventSuppression::enable));
            CHECK_FALSE(show(old, count, 0x1234, EventSuppression::disable));
            for (u32 off = 0; off < 2 * size; ++off) {
                const u32 event = (old + off) & 0xffff;
                const bool even_lap = event / size % 2 == 0;
                const auto named = static_cast<u16>(event % size | (even_lap ? 0x8000 : 0));
                CHECK(show(old, count, named, EventSuppression::descriptor) == (off < count));
            }
        }
}

TEST_CASE("a driver wishes for an interrupt at an entry of a lap",
          "[libvirtio][ring][events][V12][V21]")
{
    Words words;
    CHECK_FALSE(words.ring.wish(RingPosition{5}, true));
    CHECK(words.half(driver_wish) == (5 | 0x8000));
    CHECK(words.half(driver_wish + 2) == EventSuppression::descriptor);
    CHECK(words.ring.wish(RingPosition{size + 5}, true));  // all zeroes: used in an odd lap
    CHECK(words.half(driver_wish) == 5);
    Words others;
    CHECK_FALSE(others.ring.wish(RingPosition{5}, false));
    CHECK(others.half(driver_wish) == 0);
    CHECK(others.half(driver_wish + 2) == EventSuppression::enable);
}

TEST_CASE("the first entry of a packed list is shown last", "[libvirtio][ring][V21]")
{
    QueueRig<size> rig{size, {.packed = true, .indirect = false}};
    const auto marks = [&rig](u32 slot) {
        u16 flags = 0;
        std::memcpy(&flags, rig.world.memory.at(rig.rings.desc.raw() + 16 * slot + 14, 2), 2);
        return flags & 0x8080;
    };
    REQUIRE(rig.queue.submit(std::array{rig.reads(), rig.reads(), rig.writes()}).has_value());
    CHECK((marks(0) == 0 && marks(1) == 0x80 && marks(2) == 0x80));
    CHECK(rig.queue.publish());
    CHECK(marks(0) == 0x80);
    CHECK(got(rig.other().pop()).pieces.size() == 3);
    CHECK(kept_the_rules(rig.world));
}
