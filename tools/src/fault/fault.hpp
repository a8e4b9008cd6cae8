// fault/fault.hpp - `fault`: faults by the thousand, and what became of them.
#pragma once

#include "options.hpp"
#include "project.hpp"

namespace vireo {

int fault_lab(const Project& project, const Options& options);

}  // namespace vireo
