// size_budget.hpp - tests/sizes.toml: how much of what there may be.
#pragma once

#include <map>
#include <string>

#include <base/types.hpp>

namespace vireo {

struct SizeBudget {
    std::map<std::string, u64> lines;  // by room
    std::map<u32, u64> functions;      // percentile -> lines
};

// Throws SourceErrors for what makes no sense.
SizeBudget parse_size_budget(const std::string& text, const std::string& file);

}  // namespace vireo
