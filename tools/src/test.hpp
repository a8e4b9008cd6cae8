// test.hpp - `test`: all tests, in stages that each have a limit and say how far they are.
#pragma once

#include "options.hpp"
#include "project.hpp"

#include <chrono>

namespace vireo {

struct Stage {
    std::string name;
    std::vector<std::string> selection;  // ctest's options
    std::chrono::seconds limit;
};

// Limits are thrice what each stage takes on two CPUs that nobody else uses, and more: an end for
// what hangs, not a judgement of the machine.
inline constexpr std::chrono::seconds setup_limit{60};
inline constexpr std::chrono::seconds build_limit{900};
// Every test of the tree is in exactly one stage; long ones only with --full.
std::vector<Stage> stages_of(const TestOptions& options);

// What one line of ctest's output says about one test.
struct TestLine {
    std::string name;
    bool passed = false;
};
std::optional<TestLine> parse_test_line(const std::string& line);
// "Total Tests: 12"
std::optional<u32> parse_total(const std::string& output);

// As ctest itself ends.
std::string closing_line(u32 failed, u32 planned);

int test(const Project& project, const Options& options);

}  // namespace vireo
