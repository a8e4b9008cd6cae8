// tests/host/libvirtio/platform_test.cpp - cutting DMA memory into pieces.
#include <array>

#include <catch2/catch.hpp>
#include <virtio/platform.hpp>

using namespace virtio;

static_assert(Dma<DmaRegion>);

TEST_CASE("a cursor cuts aligned pieces that do not overlap", "[libvirtio][platform][V15]")
{
    alignas(64) std::array<std::byte, 256> bytes{};
    DmaCursor cursor{{bytes.data(), DeviceAddr{0x1000}, Bytes{256}}};

    const auto first = cursor.take(Bytes{10}, 16).value();
    CHECK(first.memory == bytes.data());
    CHECK(first.address == DeviceAddr{0x1000});
    CHECK(first.size == Bytes{10});
    const auto second = cursor.take(Bytes{100}, 64).value();
    CHECK(second.memory == bytes.data() + 64);
    CHECK(second.address == DeviceAddr{0x1040});
    CHECK(cursor.take(Bytes{92}, 1).value().address == DeviceAddr{0x10a4});
    CHECK(cursor.take(Bytes{0}, 1).has_value());
    CHECK(cursor.take(Bytes{1}, 1).error() == Errc::no_space);
}

TEST_CASE("a cursor refuses sizes that would wrap", "[libvirtio][platform][V15]")
{
    std::array<std::byte, 16> bytes{};
    DmaCursor cursor{{bytes.data(), DeviceAddr{0x1001}, Bytes{16}}};
    CHECK(cursor.take(Bytes{~u64{0}}, 1).error() == Errc::no_space);
    CHECK(cursor.take(Bytes{~u64{0} - 14}, 16).error() == Errc::no_space);
    CHECK(cursor.take(Bytes{1}, 4096).error() == Errc::no_space);
    CHECK(cursor.take(Bytes{16}, 1).has_value());
}
