// vhost/wishes.hpp - the command line of vhost_device.
#pragma once

#include "lie.hpp"

#include <span>
#include <vector>

namespace vhost {

struct ConfigField {
    u32 offset;
    u32 value;
};

struct Wishes {
    enum class Kind : u8 { disk, entropy, network } kind = Kind::disk;
    bool packed = false;     // packed rings are offered
    bool mergeable = false;  // a frame may take several receive buffers
    u64 sectors = 2048;
    bool reversed = false;  // the disk answers the last request first
    model::Lies lies{};
    Tricks tricks{};
    std::vector<ConfigField> config{};  // 32 bits each, over what the model says
    unsigned seconds = 120;             // of this program's life
};

// Says what is wrong with a word, and how it goes. Nothing then.
std::optional<Wishes> wishes_of(std::span<const std::string_view> words);

}  // namespace vhost
