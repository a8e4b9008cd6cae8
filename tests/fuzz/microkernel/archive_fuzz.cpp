// tests/fuzz/microkernel/archive_fuzz.cpp - an archive that the kernel accepts lies in its bytes.
//
// The input is a list of patches to a good archive: most of its words are right, as in an attack.
#include "boot/archive.hpp"

#include <cstdlib>
#include <cstring>

extern "C" int LLVMFuzzerTestOneInput(const u8* bytes, usize size);

namespace {

constexpr u64 words = 256;

struct Patch {
    u8 word;
    u8 shift;  // of `value`, in bits
    u16 value;
};

std::array<u64, words> patched(std::span<const u8> patches)
{
    std::array<u64, words> archive{};
    const abi::ArchiveHeader header{.magic = abi::archive_magic,
                                    .version = abi::archive_version,
                                    .flags = 0,
                                    .size = sizeof(archive),
                                    .image_count = 2,
                                    .image_offset = sizeof(abi::ArchiveHeader),
                                    .table_offset = 0,
                                    .table_bytes = 0};
    std::array<abi::Image, 2> images{};
    for (abi::Image& image : images) {
        image.segment_count = 1;
        image.segments[0] = {abi::image_base, 1024, 512, page_bytes, abi::right::read.raw, 0};
    }
    std::memcpy(archive.data(), &header, sizeof(header));
    std::memcpy(&archive[sizeof(header) / 8], images.data(), sizeof(images));
    for (; patches.size() >= sizeof(Patch); patches = patches.subspan(sizeof(Patch))) {
        Patch patch{};
        std::memcpy(&patch, patches.data(), sizeof(patch));
        archive[patch.word] ^= u64{patch.value} << (patch.shift % 64);
    }
    return archive;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* bytes, usize size)
{
    const auto held = patched({bytes, size});
    const auto archive = std::as_bytes(std::span{held});
    const auto view = kernel::ArchiveView::open(archive);
    if (!view)
        return 0;
    for (const abi::Image& image : view->images()) {
        if (image.segment_count > abi::max_segments)
            std::abort();
        for (const auto& segment : std::span{image.segments}.first(image.segment_count)) {
            const auto inside = view->bytes(segment);
            if (inside.size() > segment.memory_bytes || inside.data() < archive.data()
                || inside.data() + inside.size() > archive.data() + archive.size())
                std::abort();
        }
    }
    return 0;
}
