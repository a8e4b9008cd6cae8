// image_format.hpp - what the first bytes of an image file say. A guest can have written them, so
// they decide nothing: they are compared with what the user said.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include <base/types.hpp>

namespace vireo {

inline constexpr usize image_head_bytes = 512;

// "qcow2", "VMDK" and the like, or nothing if the bytes are those of no format that is known here.
std::string_view format_seen(std::span<const u8> head);

// Other files that an image names in its header, and that QEMU would read for it.
struct Qcow2References {
    bool backing_file = false;
    bool data_file = false;
};
// Nothing if this is no header of a version that is known here.
std::optional<Qcow2References> qcow2_references(std::span<const u8> head);

}  // namespace vireo
