// trace.hpp - `trace`: a run of the traced kernel, and a file that shows what happened in it.
#pragma once

#include "options.hpp"
#include "project.hpp"

namespace vireo {

// Ends as `run` does.
int trace(Project project, Options options);

}  // namespace vireo
