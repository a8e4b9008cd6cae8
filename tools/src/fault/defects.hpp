// fault/defects.hpp - `fault --defects`: the laboratory judged by mistakes that are known.
#pragma once

#include "options.hpp"
#include "project.hpp"

namespace vireo::fault {

// Each defect in a copy of the sources under build/defects, where it is built, and run until its
// oracle tells. Those that were noticed are not tried again with the same sources, but by name.
// Exit::test_failed if one stays unnoticed.
int try_defects(const Project& project, const Options& options);

}  // namespace vireo::fault
