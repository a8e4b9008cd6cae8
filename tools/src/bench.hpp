// bench.hpp - `bench`: guest instructions and events per operation, against the budgets of the
// project.
//
// systems/bench.toml and bench-io.toml have a shell-started app that gets one argument, which says
// what it measures (bench_phases.hpp). Each region is a line of user output, numbers for all
// operations together:
//   RES <number> <name> n=<operations> ns=.. bytes=.. insn=.. exceptions=.. switches=.. notifies=..
//   irqs=.. mmio=.. timer_writes=..
#pragma once

#include "options.hpp"
#include "project.hpp"

#include <map>

namespace vireo {

struct Region {
    std::string name;
    u64 operations = 0;
    std::map<std::string, u64> counters;  // of all operations together
};

// Nothing if the line is no region.
std::optional<Region> parse_region(const std::string& line);

struct Budget {
    std::string name;
    std::string metric;
    double limit = 0;
};
// [limits] "sys.null" = { insn = 60 }
std::vector<Budget> parse_budgets(const std::string& text, const std::string& file);

struct Figure {
    std::string name;
    std::string metric;
    double value = 0;  // per operation
    u64 operations = 0;
    std::optional<double> limit;

    bool exceeded() const { return limit && value > *limit; }
};

// Of several runs of a region the worst counts.
void merge_worst(std::vector<Region>& into, const std::vector<Region>& more);
std::vector<Figure> figures_of(const std::vector<Region>& regions,
                               const std::vector<Budget>& budgets);
// Budgets under `prefix` that nothing was measured for.
std::vector<Budget> unmeasured(const std::vector<Figure>& figures,
                               const std::vector<Budget>& budgets,
                               const std::string& prefix);

int bench(const Project& project, const Options& options);

}  // namespace vireo
