// stages.hpp - in which order `test` runs what, and for how long at most.
#pragma once

#include "options.hpp"

#include <chrono>

namespace vireo {

struct Stage {
    std::string name;
    std::vector<std::string> selection;  // ctest's options
    std::chrono::seconds limit;
    std::vector<std::string> environment{};  // the machine, where it is not the usual one
};

// Limits are thrice what each stage takes on two CPUs that nobody else uses, and more: an end for
// what hangs, not a judgement of the machine.
inline constexpr std::chrono::seconds setup_limit{60};
inline constexpr std::chrono::seconds build_limit{900};
// Of all stages together.
inline constexpr std::chrono::seconds full_limit{10800};

// Every test of the tree is in exactly one stage, but for those that a machine of the matrix
// repeats; long ones and most of the matrix only with --full. `sources` decides which machines of
// the matrix are among the system tests without it.
std::vector<Stage> stages_of(const TestOptions& options, u64 sources = 0);

}  // namespace vireo
