// tests/host/libvirtio/layout_test.cpp - the parts of a split virtqueue, for every size there is.
#include <catch2/catch.hpp>
#include <virtio/layout.hpp>

using virtio::RingLayout;

// virtio 1.2, 2.7: sizes 16 N, 6 + 2 N, 6 + 8 N; 2.7.2: the used ring on the next page.
TEST_CASE("a layout is the one that the legacy interface computes",
          "[libvirtio][layout][V1][V3][V14]")
{
    for (u32 size = 1; size <= virtio::max_queue_size; size *= 2) {
        const RingLayout layout{static_cast<u16>(size)};
        const u64 table = 16 * u64{size};
        const u64 avail_end = table + 6 + 2 * u64{size};
        const u64 used = (avail_end + 4095) / 4096 * 4096;
        const u64 used_end = used + 6 + 8 * u64{size};
        CHECK(layout.avail() == table);
        CHECK(layout.used_event() + 2 == avail_end);
        CHECK(layout.used() == used);
        CHECK(layout.avail_event() + 2 == used_end);
        CHECK(layout.bytes().raw() == (used_end + 4095) / 4096 * 4096);
    }
}

TEST_CASE("only powers of two are sizes", "[libvirtio][layout]")
{
    CHECK(RingLayout::valid(1));
    CHECK(RingLayout::valid(32768));
    CHECK_FALSE(RingLayout::valid(0));
    CHECK_FALSE(RingLayout::valid(3));
    CHECK_FALSE(RingLayout::valid(65535));
}
