// build.hpp - brings the trees under build/ up to date. Says so only when it takes long enough to
// be noticed.
#pragma once

#include "options.hpp"
#include "project.hpp"

#include <chrono>

namespace vireo {

// Kernel and programs of the guest.
void build_target(const Project& project, const Options& options);
// Some of its targets.
void build_targets(const Project& project,
                   const Options& options,
                   const std::vector<std::string>& targets);
// Everything: the host tree, which builds the target tree too.
void build_all(const Project& project, const Options& options, std::chrono::seconds limit);

}  // namespace vireo
