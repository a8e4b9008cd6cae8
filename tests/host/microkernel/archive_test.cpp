// tests/host/microkernel/archive_test.cpp - the boot archive as the kernel checks it.
#include "boot/archive.hpp"

#include <cstring>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

using kernel::ArchiveView;

namespace {

constexpr u64 image_offset = 48;  // after the header, 8-aligned
constexpr u64 data_offset = page_bytes;
constexpr u64 archive_bytes = 3 * page_bytes;

// An archive of two images; the second is "init" with two segments.
struct Draft {
    abi::ArchiveHeader header{.magic = abi::archive_magic,
                              .version = abi::archive_version,
                              .flags = 0,
                              .size = archive_bytes,
                              .image_count = 2,
                              .image_offset = image_offset,
                              .table_offset = 0,
                              .table_bytes = 0};
    std::array<abi::Image, 2> images{};

    Draft()
    {
        images[0].name = text::padded<16>("blkd");
        images[1].name = text::padded<16>("init");
        images[0].segment_count = 1;
        images[0].segments[0] = {0x40'0000,  data_offset,          page_bytes,
                                 page_bytes, abi::right::read.raw, 0};
        images[1].segment_count = 2;
        const u32 code = abi::right::read.raw | abi::right::execute.raw;
        images[1].segments[0] = {0x40'0000, data_offset, page_bytes, page_bytes, code, 0};
        images[1].segments[1] = {0x40'2000, 2 * page_bytes, 100, 0x3000, abi::right::read.raw, 0};
    }

    // Words, so that the header is aligned as in a page; as long as it says or as asked.
    std::vector<u64> words(u64 bytes = archive_bytes) const
    {
        std::vector<u64> out(archive_bytes / 8);
        std::memcpy(out.data(), &header, sizeof(header));
        std::memcpy(out.data() + image_offset / 8, images.data(), sizeof(images));
        out.resize(bytes / 8);
        return out;
    }
};

std::span<const std::byte> bytes_of(const std::vector<u64>& words)
{
    return std::as_bytes(std::span{words});
}

Errc verdict(const Draft& draft)
{
    const auto words = draft.words();
    const auto view = ArchiveView::open(bytes_of(words));
    return view ? Errc::ok : view.error();
}

// Reads all that an accepted archive names; the sanitizer watches.
u64 read_all(const ArchiveView& view)
{
    u64 sum = 0;
    for (const abi::Image& image : view.images())
        for (const auto& segment : std::span{image.segments}.first(image.segment_count))
            for (const std::byte byte : view.bytes(segment))
                sum += std::to_integer<u64>(byte);
    return sum;
}

}  // namespace

TEST_CASE("an archive gives its images by name", "[microkernel][archive]")
{
    const auto words = Draft{}.words();
    const auto view = ArchiveView::open(bytes_of(words)).value();
    CHECK(view.images().size() == 2);
    const abi::Image* const init = view.find("init");
    REQUIRE(init != nullptr);
    CHECK(init->segment_count == 2);
    CHECK(view.bytes(init->segments[1]).size() == 100);
    CHECK(view.bytes(init->segments[1]).data() == bytes_of(words).data() + 2 * page_bytes);
    CHECK(view.find("netd") == nullptr);
    CHECK(view.find("") == nullptr);
    CHECK(view.find("ini") == nullptr);
}

TEST_CASE("an archive that breaks its layout is malformed", "[microkernel][archive][hostile]")
{
    Draft draft;
    CHECK(verdict(draft) == Errc::ok);
    SECTION("another magic") { draft.header.magic ^= 1; }
    SECTION("another version") { ++draft.header.version; }
    SECTION("longer than its memory") { draft.header.size = archive_bytes + 1; }
    SECTION("images that are not aligned") { draft.header.image_offset = image_offset + 4; }
    SECTION("images beyond the end") { draft.header.image_offset = archive_bytes; }
    SECTION("too many images") { draft.header.image_count = ~0U; }
    SECTION("images beyond what it says is its size") { draft.header.size = image_offset + 8; }
    SECTION("too many segments") { draft.images[1].segment_count = abi::max_segments + 1; }
    SECTION("a bad image that is not init") { draft.images[0].segment_count = ~0U; }
    SECTION("a segment that is not on a page") { draft.images[1].segments[0].address += 8; }
    SECTION("bytes that are not on a page") { draft.images[1].segments[1].offset += 8; }
    SECTION("no segment") { draft.images[1].segment_count = 0; }
    SECTION("a segment that is written and executed")
    {
        draft.images[1].segments[0].rights = (abi::right::write | abi::right::execute).raw;
    }
    SECTION("a segment beyond the end") { draft.images[1].segments[1].offset = archive_bytes; }
    SECTION("a segment that wraps around")
    {
        draft.images[1].segments[1].offset = ~u64{0} - page_bytes + 1;
    }
    SECTION("a segment with more bytes than memory")
    {
        draft.images[1].segments[1].memory_bytes = 99;
    }
    SECTION("a segment larger than an address space")
    {
        draft.images[1].segments[1].memory_bytes = abi::user_end + 1;
    }
    CHECK(verdict(draft) == Errc::malformed);
}

TEST_CASE("an archive cut off anywhere is malformed", "[microkernel][archive][hostile]")
{
    const Draft draft;
    for (u64 bytes = 0; bytes < archive_bytes; bytes += 8) {
        const auto words = draft.words(bytes);
        if (ArchiveView::open(bytes_of(words)))
            FAIL("accepted " << bytes << " bytes");
    }
}

TEST_CASE("no flipped bits of an archive do harm", "[microkernel][archive][hostile]")
{
    const auto whole = Draft{}.words();
    constexpr u64 described = image_offset + 2 * sizeof(abi::Image);
    std::mt19937_64 random{1};
    u64 accepted = 0;
    u64 sum = 0;
    for (u64 flip = 0; flip < described * 8; ++flip) {
        auto bent = whole;
        bent[flip / 64] ^= u64{1} << (flip % 64);
        bent[random() % (described / 8)] ^= random() % 4 == 0 ? u64{1} << (random() % 64) : 0;
        const auto view = ArchiveView::open(bytes_of(bent));
        accepted += view ? 1 : 0;
        sum += view ? read_all(*view) : 0;
    }
    CHECK(accepted > 0);
    CHECK(accepted < described * 8);
    CHECK(sum > 0);
}
