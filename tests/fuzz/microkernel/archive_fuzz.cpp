// tests/fuzz/microkernel/archive_fuzz.cpp - an archive that the kernel accepts lies in its bytes.
#include "boot/archive.hpp"

#include <cstdlib>
#include <cstring>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const u8* bytes, usize size);

extern "C" int LLVMFuzzerTestOneInput(const u8* bytes, usize size)
{
    std::vector<u64> words(size / 8);  // aligned as the initrd is
    if (words.empty())
        return 0;
    std::memcpy(words.data(), bytes, words.size() * 8);
    words[0] = abi::archive_magic;  // else nothing below is ever reached
    const auto archive = std::as_bytes(std::span{words});

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
