// tests/host/libsys/archive_builder.hpp - boot archives for tests, as `tools/vireo` would make
// them.
#pragma once

#include <cstring>
#include <string_view>
#include <vector>

#include <abi/boot.hpp>
#include <base/text.hpp>

namespace fake {

class ArchiveBuilder {
public:
    // A program of two segments: text (read, execute) with these bytes, and data of two pages.
    ArchiveBuilder& image(std::string_view name, std::string_view text_bytes)
    {
        abi::Image image{};
        image.name = text::padded<16>(name);
        image.entry = abi::image_base + 16;
        image.segment_count = 2;
        image.segments[0] = {abi::image_base,
                             0,
                             text_bytes.size(),
                             page_bytes,
                             (abi::right::read | abi::right::execute).raw,
                             0};
        image.segments[1] = {abi::image_base + page_bytes,
                             0,
                             0,
                             2 * page_bytes,
                             (abi::right::read | abi::right::write).raw,
                             0};
        images_.push_back(image);
        texts_.emplace_back(text_bytes);
        return *this;
    }

    ArchiveBuilder& table(std::vector<std::byte> bytes)
    {
        table_ = std::move(bytes);
        return *this;
    }

    // Header, images, table, then the contents page by page.
    std::vector<std::byte> build() const
    {
        const u64 image_offset = sizeof(abi::ArchiveHeader);
        const u64 table_offset = align_up(image_offset + images_.size() * sizeof(abi::Image), 8);
        const u64 contents = align_up(table_offset + table_.size(), page_bytes);
        std::vector<std::byte> bytes(contents + images_.size() * page_bytes);
        const abi::ArchiveHeader header{
            abi::archive_magic,
            abi::archive_version,
            0,
            bytes.size(),
            static_cast<u32>(images_.size()),
            static_cast<u32>(image_offset),
            static_cast<u32>(table_offset),
            static_cast<u32>(table_.size()),
        };
        std::memcpy(bytes.data(), &header, sizeof(header));
        for (usize i = 0; i < images_.size(); ++i) {
            abi::Image image = images_[i];
            image.segments[0].offset = contents + i * page_bytes;
            std::memcpy(&bytes[image.segments[0].offset], texts_[i].data(), texts_[i].size());
            std::memcpy(&bytes[image_offset + i * sizeof(image)], &image, sizeof(image));
        }
        if (!table_.empty())
            std::memcpy(&bytes[table_offset], table_.data(), table_.size());
        return bytes;
    }

private:
    std::vector<abi::Image> images_;
    std::vector<std::string> texts_;
    std::vector<std::byte> table_;
};

}  // namespace fake
