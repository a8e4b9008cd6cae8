// boot/archive.hpp - the boot archive as the kernel sees it: checked once, then images by name.
// Portable, host tested.
#pragma once

#include <span>
#include <string_view>

#include <abi/boot.hpp>
#include <base/text.hpp>

namespace kernel {

class ArchiveView {
public:
    // Checks the header, and every image with its segments, against the size. malformed.
    static Result<ArchiveView> open(std::span<const std::byte> bytes)
    {
        if (bytes.size() < sizeof(abi::ArchiveHeader))
            return fail(Errc::malformed);
        const ArchiveView view{bytes};
        const abi::ArchiveHeader& header = view.header();
        if (header.magic != abi::archive_magic || header.version != abi::archive_version
            || header.size > bytes.size() || !aligned(header.image_offset, 8)
            || !fits(header.image_offset, u64{header.image_count} * sizeof(abi::Image),
                     header.size))
            return fail(Errc::malformed);
        for (const abi::Image& image : view.images())
            if (!view.good(image))
                return fail(Errc::malformed);
        return view;
    }

    const abi::ArchiveHeader& header() const
    {
        return *reinterpret_cast<const abi::ArchiveHeader*>(bytes_.data());
    }

    std::span<const abi::Image> images() const
    {
        return {reinterpret_cast<const abi::Image*>(bytes_.data() + header().image_offset),
                header().image_count};
    }

    const abi::Image* find(std::string_view name) const
    {
        for (const abi::Image& image : images())
            if (text::of(image.name) == name)
                return &image;
        return nullptr;
    }

    std::span<const std::byte> bytes(const abi::Segment& segment) const
    {
        return bytes_.subspan(segment.offset, segment.file_bytes);
    }

private:
    explicit ArchiveView(std::span<const std::byte> bytes) : bytes_{bytes} {}

    bool good(const abi::Image& image) const
    {
        if (image.segment_count == 0 || image.segment_count > abi::max_segments)
            return false;
        for (u32 i = 0; i < image.segment_count; ++i) {
            if (!good(image.segments[i]))
                return false;
        }
        return true;
    }

    bool good(const abi::Segment& segment) const
    {
        const abi::Rights rights{static_cast<u16>(segment.rights)};
        return aligned(segment.address, page_bytes) && aligned(segment.offset, page_bytes)
               && segment.file_bytes <= segment.memory_bytes
               && fits(segment.address, segment.memory_bytes, abi::user_end)
               && fits(segment.offset, segment.file_bytes, header().size)
               && segment.rights == rights.raw
               && !rights.has(abi::right::write | abi::right::execute);
    }

    std::span<const std::byte> bytes_;
};

}  // namespace kernel
