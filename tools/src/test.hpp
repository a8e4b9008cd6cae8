// test.hpp - `test`: all tests, in stages that each have a limit and say how far they are.
#pragma once

#include "project.hpp"
#include "stages.hpp"

#include <optional>

namespace vireo {

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
