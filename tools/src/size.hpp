// size.hpp - `size`: bytes of the kernel and of every program.
#pragma once

#include "project.hpp"

namespace vireo {

int print_sizes(const Project& project);

}  // namespace vireo
