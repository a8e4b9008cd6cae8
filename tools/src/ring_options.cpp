// ring_options.cpp - what all virtio devices of a machine offer of rings.
#include "ring_options.hpp"

#include <algorithm>
#include <array>
#include <sstream>

namespace vireo {
namespace {

struct Property {
    const char* name;
    bool RingOptions::* value;
};
constexpr std::array properties{
    Property{"packed", &RingOptions::packed},
    Property{"event_idx", &RingOptions::event_idx},
    Property{"indirect_desc", &RingOptions::indirect_desc},
};

std::string spelled(const Property& property, bool value)
{
    return std::string{property.name} + (value ? "=on" : "=off");
}

}  // namespace

std::optional<RingOptions> parse_rings(const std::string& text)
{
    RingOptions rings;
    std::istringstream words{text};
    for (std::string word; std::getline(words, word, ',');) {
        const auto* found = std::ranges::find_if(properties, [&](const Property& one) {
            return word == spelled(one, true) || word == spelled(one, false);
        });
        if (found == properties.end())
            return std::nullopt;
        rings.*found->value = word == spelled(*found, true);
    }
    return text.empty() || text.ends_with(',') ? std::nullopt : std::optional{rings};
}

std::vector<std::string> ring_words(const RingOptions& rings)
{
    std::vector<std::string> words;
    for (const auto& property : properties)
        if (rings.*property.value != RingOptions{}.*property.value)
            words.insert(words.end(),
                         {"-global", "virtio-device." + spelled(property, rings.*property.value)});
    return words;
}

}  // namespace vireo
