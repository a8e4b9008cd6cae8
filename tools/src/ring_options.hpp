// ring_options.hpp - what all virtio devices of a machine offer of rings, as one text:
// "packed=on,event_idx=off,indirect_desc=off". QEMU's names and values.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace vireo {

// What QEMU offers by itself. Slots of version 1 know nothing of packed rings.
struct RingOptions {
    bool packed = false;
    bool event_idx = true;
    bool indirect_desc = true;

    bool operator==(const RingOptions&) const = default;
};

// Nothing if the text says something else. What it does not name stays as QEMU has it.
std::optional<RingOptions> parse_rings(const std::string& text);
// What such a text may say.
inline constexpr auto rings_help = "packed, event_idx and indirect_desc, each =on or =off";

// Words for QEMU's command line; a property of one -device is stronger.
std::vector<std::string> ring_words(const RingOptions& rings);

}  // namespace vireo
