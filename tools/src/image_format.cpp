// image_format.cpp - what the first bytes of an image file say.
#include "image_format.hpp"

#include <algorithm>
#include <array>

namespace vireo {
namespace {

struct Magic {
    std::string_view format;
    usize at;
    std::string_view bytes;
};
constexpr std::string_view qcow2 = "qcow2";
constexpr std::array magics{
    Magic{qcow2, 0, {"QFI\xfb", 4}},
    Magic{"QED", 0, {"QED\0", 4}},
    Magic{"VMDK", 0, "KDMV"},
    Magic{"VMDK", 0, "COWD"},
    Magic{"VMDK", 0, "# Disk DescriptorFile"},
    Magic{"VDI", 64, "\x7f\x10\xda\xbe"},
    Magic{"VHDX", 0, "vhdxfile"},
    Magic{"VHD", 0, "conectix"},
    Magic{"gzip", 0, "\x1f\x8b\x08"},
    Magic{"xz", 0, {"\xfd\x37zXZ\0", 6}},
};

// The header of qcow2: all numbers are big-endian.
constexpr usize version_at = 4;
constexpr usize backing_file_offset_at = 8;
constexpr usize incompatible_features_at = 72;  // from version 3 on
constexpr usize header_bytes = 80;
constexpr u64 has_data_file = u64{1} << 2;

bool has_magic(std::span<const u8> head, const Magic& magic)
{
    return head.size() >= magic.at + magic.bytes.size()
           && std::ranges::equal(head.subspan(magic.at, magic.bytes.size()), magic.bytes, {}, {},
                                 [](char c) { return static_cast<u8>(c); });
}

u64 big_endian(std::span<const u8> bytes)
{
    u64 value = 0;
    for (const u8 byte : bytes)
        value = value << 8 | byte;
    return value;
}

}  // namespace

std::string_view format_seen(std::span<const u8> head)
{
    const auto* found =
        std::ranges::find_if(magics, [&](const Magic& magic) { return has_magic(head, magic); });
    return found == magics.end() ? std::string_view{} : found->format;
}

std::optional<Qcow2References> qcow2_references(std::span<const u8> head)
{
    if (format_seen(head) != qcow2 || head.size() < header_bytes)
        return std::nullopt;
    const u64 version = big_endian(head.subspan(version_at, 4));
    if (version != 2 && version != 3)
        return std::nullopt;
    const u64 features = version == 2 ? 0 : big_endian(head.subspan(incompatible_features_at, 8));
    return Qcow2References{.backing_file = big_endian(head.subspan(backing_file_offset_at, 8)) != 0,
                           .data_file = (features & has_data_file) != 0};
}

}  // namespace vireo
