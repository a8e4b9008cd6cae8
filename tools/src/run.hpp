// run.hpp - `run`: boot a system, show what it says, end with its verdict.
#pragma once

#include "options.hpp"
#include "project.hpp"

namespace vireo {

int run(const Project& project, const Options& options);

}  // namespace vireo
