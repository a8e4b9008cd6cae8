// comparison.hpp - two systems, the same regions: medians, ratios, and how they are shown. Pure.
#pragma once

#include "bench.hpp"

#include <string>
#include <vector>

namespace vireo {

// What one run said of each of its regions.
using Run = std::vector<Region>;

// The lines of the counter (tools/linux/counter.cpp) beside what the guest said: the n-th region is
// the n-th line, `boot` is the line `hello`. Regions that it has no line for are left out.
Run counted(const Run& said, const std::string& counter);

struct Row {
    std::string name;
    std::string metric;  // insn, exceptions, irqs, notifies, mmio, idle, ns
    double ours = 0;     // medians of all runs, per operation
    double theirs = 0;
    u64 operations = 0;

    // How many times as much the other one needs. Nothing if one of them needs none.
    std::optional<double> ratio() const;
};

// Regions and metrics that both have, in our order.
std::vector<Row> compare(const std::vector<Run>& ours, const std::vector<Run>& theirs);

// What was compared, for people.
struct Subject {
    std::string qemu;
    std::string theirs;  // name and version
    u32 runs = 0;
};

std::string as_table(const std::vector<Row>& rows, const Subject& subject);
std::string as_json(const std::vector<Row>& rows, const Subject& subject);  // an object a line
std::string as_csv(const std::vector<Row>& rows);
// A page that needs no other file.
std::string as_html(const std::vector<Row>& rows, const Subject& subject);

}  // namespace vireo
