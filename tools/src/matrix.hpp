// matrix.hpp - the machines that the system is tested on: CPUs x GIC x slots x CPU model.
#pragma once

#include <string>
#include <vector>

#include <base/types.hpp>

namespace vireo {

struct Point {
    u32 cpus = 1;
    u32 gic = 3;
    bool legacy = false;
    bool max = false;  // the CPU model with everything that QEMU has, or a cortex-a72

    bool operator==(const Point&) const = default;
    // "1 CPU, GICv3, modern slots, cortex-a72"
    std::string title() const;
    // Of the tests that boot this machine, in ctest: "at-1-gic3-modern-cortex-a72".
    std::string label() const;
    // "VIREO_CPUS=1" and so on: what `run` boots where its command line does not say otherwise.
    std::vector<std::string> environment() const;
};

inline constexpr Point plain_point{};  // what a system has that does not say

std::vector<Point> all_points();
// Every value of every other dimension at each number of CPUs.
std::vector<Point> thorough_points();
// Some of the others, which differ from version to version of the sources.
std::vector<Point> sample_points(u64 sources);

}  // namespace vireo
