// size.hpp - `size`: lines of the sources, length of functions, bytes of the images.
#pragma once

#include "options.hpp"
#include "project.hpp"

namespace vireo {

// Above a limit of tests/sizes.toml it ends with 1, if asked to check.
int print_sizes(const Project& project, const SizeOptions& options);

}  // namespace vireo
