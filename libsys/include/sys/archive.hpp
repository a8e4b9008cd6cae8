// sys/archive.hpp - the boot archive, read by offsets that are checked before use (abi/boot.hpp).
#pragma once

#include <cstring>
#include <span>
#include <string_view>

#include <abi/boot.hpp>
#include <base/text.hpp>

namespace sys {

class Archive {
public:
    // Errors: malformed (magic, version, or a count or offset beyond `bytes`).
    static Result<Archive> open(std::span<const std::byte> bytes)
    {
        if (bytes.size() < sizeof(abi::ArchiveHeader))
            return fail(Errc::malformed);
        abi::ArchiveHeader header;
        std::memcpy(&header, bytes.data(), sizeof(header));
        const u64 size = header.size;
        const bool sound =
            header.magic == abi::archive_magic && header.version == abi::archive_version
            && size <= bytes.size()
            && fits(header.image_offset, u64{header.image_count} * sizeof(abi::Image), size)
            && fits(header.table_offset, header.table_bytes, size)
            && aligned(header.image_offset | header.table_offset, 8);
        if (!sound)
            return fail(Errc::malformed);
        return Archive{bytes.first(size), header};
    }

    u32 image_count() const { return header_.image_count; }
    std::span<const std::byte> table() const
    {
        return bytes_.subspan(header_.table_offset, header_.table_bytes);
    }

    // A copy of the description, all of it checked. Errors: not_found, malformed.
    Result<abi::Image> find(std::string_view name) const
    {
        for (u32 i = 0; i < header_.image_count; ++i) {
            abi::Image image;
            std::memcpy(&image, &bytes_[header_.image_offset + u64{i} * sizeof(image)],
                        sizeof(image));
            if (text::of(image.name) == name)
                return checked(image);
        }
        return fail(Errc::not_found);
    }

    // The bytes of a segment of an image that find() gave.
    std::span<const std::byte> contents(const abi::Segment& segment) const
    {
        return bytes_.subspan(segment.offset, segment.file_bytes);
    }

private:
    Archive(std::span<const std::byte> bytes, const abi::ArchiveHeader& header)
        : bytes_{bytes}, header_{header}
    {
    }

    Result<abi::Image> checked(const abi::Image& image) const
    {
        if (image.segment_count == 0 || image.segment_count > abi::max_segments)
            return fail(Errc::malformed);
        for (const abi::Segment& s : std::span{image.segments}.first(image.segment_count))
            if (!sound(s))
                return fail(Errc::malformed);
        return image;
    }

    // Page-aligned, inside archive and address space, and never writable and executable at once.
    bool sound(const abi::Segment& s) const
    {
        const abi::Rights rights{static_cast<u16>(s.rights)};
        const abi::Rights known = abi::right::read | abi::right::write | abi::right::execute;
        return aligned(s.address | s.offset, page_bytes)
               && fits(s.offset, s.file_bytes, bytes_.size()) && s.file_bytes <= s.memory_bytes
               && s.memory_bytes > 0 && s.address >= page_bytes
               && fits(s.address, s.memory_bytes, abi::mapping_base)
               && s.rights == (rights & known).raw
               && !rights.has(abi::right::write | abi::right::execute);
    }

    std::span<const std::byte> bytes_;
    abi::ArchiveHeader header_;
};

}  // namespace sys
