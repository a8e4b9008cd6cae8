// tests/host/libsys/archive_test.cpp - an archive is believed only as far as it was checked.
#include "archive_builder.hpp"

#include <random>

#include <catch2/catch.hpp>
#include <sys/archive.hpp>

namespace {

std::vector<std::byte> good()
{
    return fake::ArchiveBuilder{}
        .image("init", "first")
        .image("blkd", "second")
        .table({{}, {}, {}})
        .build();
}

template <class T>
void patch(std::vector<std::byte>& bytes, u64 offset, T value)
{
    std::memcpy(&bytes[offset], &value, sizeof(value));
}

// Of image 1 ("blkd"), segment 0.
constexpr u64 segment =
    sizeof(abi::ArchiveHeader) + sizeof(abi::Image) + offsetof(abi::Image, segments);

}  // namespace

TEST_CASE("images and table of a good archive are found", "[libsys][archive]")
{
    const auto bytes = good();
    const auto archive = sys::Archive::open(bytes).value();
    CHECK(archive.image_count() == 2);
    CHECK(archive.table().size() == 3);
    const auto image = archive.find("blkd").value();
    CHECK(image.entry == abi::image_base + 16);
    const auto contents = archive.contents(image.segments[0]);
    CHECK(std::string_view{reinterpret_cast<const char*>(contents.data()), contents.size()}
          == "second");
    CHECK(archive.find("netd").error() == Errc::not_found);
    CHECK(archive.find("").error() == Errc::not_found);
}

TEST_CASE("an archive whose header leads outside is refused", "[libsys][archive][hostile]")
{
    auto bytes = good();
    using Header = abi::ArchiveHeader;
    SECTION("other magic") { patch(bytes, 0, u64{1}); }
    SECTION("other version") { patch(bytes, offsetof(Header, version), u32{2}); }
    SECTION("larger than the memory") { patch(bytes, offsetof(Header, size), bytes.size() + 1); }
    SECTION("images beyond the end")
    {
        patch(bytes, offsetof(Header, image_offset), static_cast<u32>(bytes.size()));
    }
    SECTION("more images than there is room for")
    {
        patch(bytes, offsetof(Header, image_count), ~u32{0});
    }
    SECTION("images not aligned") { patch(bytes, offsetof(Header, image_offset), u32{41}); }
    SECTION("table beyond the end") { patch(bytes, offsetof(Header, table_bytes), ~u32{0}); }
    SECTION("cut within the header") { bytes.resize(sizeof(Header) - 1); }
    SECTION("empty") { bytes.clear(); }
    CHECK(sys::Archive::open(bytes).error() == Errc::malformed);
}

TEST_CASE("an image whose segments cannot be is refused, the others are not",
          "[libsys][archive][hostile]")
{
    auto bytes = good();
    using Segment = abi::Segment;
    SECTION("contents beyond the end")
    {
        patch(bytes, segment + offsetof(Segment, file_bytes), u64{page_bytes * 4});
    }
    SECTION("contents that wrap")
    {
        patch(bytes, segment + offsetof(Segment, offset), ~u64{0} << 12);
    }
    SECTION("more contents than memory")
    {
        patch(bytes, segment + offsetof(Segment, memory_bytes), u64{1});
    }
    SECTION("address not on a page") { patch(bytes, segment, abi::image_base + 8); }
    SECTION("address zero") { patch(bytes, segment, u64{0}); }
    SECTION("address beyond the image range") { patch(bytes, segment, abi::mapping_base); }
    SECTION("size that wraps") { patch(bytes, segment + offsetof(Segment, memory_bytes), ~u64{0}); }
    SECTION("writable and executable")
    {
        patch(bytes, segment + offsetof(Segment, rights), u32{0x38});
    }
    SECTION("unknown rights") { patch(bytes, segment + offsetof(Segment, rights), u32{0x1000c}); }
    SECTION("no segment")
    {
        patch(bytes, sizeof(abi::ArchiveHeader) + sizeof(abi::Image) + 24, u32{0});
    }
    SECTION("too many segments")
    {
        patch(bytes, sizeof(abi::ArchiveHeader) + sizeof(abi::Image) + 24, u32{7});
    }
    const auto archive = sys::Archive::open(bytes).value();
    CHECK(archive.find("blkd").error() == Errc::malformed);
    CHECK(archive.find("init"));
}

TEST_CASE("no flipped bit leads outside the archive", "[libsys][archive][hostile]")
{
    const auto original = good();
    const u64 described = sizeof(abi::ArchiveHeader) + 2 * sizeof(abi::Image);
    for (u64 bit = 0; bit < described * 8; ++bit) {
        auto bytes = original;
        bytes[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
        const auto archive = sys::Archive::open(bytes);
        if (!archive)
            continue;
        CHECK(archive->table().size() <= bytes.size());
        for (const char* name : {"init", "blkd"})
            if (const auto image = archive->find(name))
                for (u32 s = 0; s < image->segment_count; ++s)
                    CHECK(archive->contents(image->segments[s]).size() <= bytes.size());
    }
}
