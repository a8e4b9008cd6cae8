// bench_phases.hpp - boots the measuring systems and takes down what they say.
#pragma once

#include "bench.hpp"

#include <string_view>

namespace vireo {

// One way to run a measuring system, and the beginnings of the names of what it measures.
struct Phase {
    std::string system;
    std::string argument;
    std::string icount;
    std::vector<std::string> regions;
    u32 runs;
};

// Those that measure something whose name begins so, or the first one if there is none.
std::vector<Phase> phases_for(std::string_view prefix);
// The same of the longest times, which need other systems and another kernel.
bool wants_longest(std::string_view prefix);

SystemOptions system_of(const Options& options, const Phase& phase);
std::vector<Region>
measure_once(const Project& project, const Options& options, const Phase& phase);
// Random calls; the end of a process with much memory and many handles, and work for long.
std::vector<Region> measure_longest(const Project& project, const Options& options);

}  // namespace vireo
