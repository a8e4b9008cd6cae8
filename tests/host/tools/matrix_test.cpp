// matrix_test.cpp - the machines that the system is tested on.
#include "matrix.hpp"
#include "process.hpp"
#include "text.hpp"

#include <algorithm>
#include <chrono>
#include <set>

#include <catch2/catch.hpp>

using namespace vireo;
using namespace std::chrono_literals;

namespace {

usize how_many(const std::vector<Point>& points, const auto& what)
{
    return static_cast<usize>(std::ranges::count_if(points, what));
}

}  // namespace

TEST_CASE("the matrix has each combination once")
{
    std::set<std::string> labels;
    for (const auto& point : all_points())
        labels.insert(point.label());
    CHECK(labels.size() == 24);
    CHECK(labels.contains(plain_point.label()));
}

TEST_CASE("the thorough points have every value with every number of CPUs")
{
    const auto points = thorough_points();
    CHECK(points.size() == 6);
    for (const u32 cpus : {1U, 2U, 4U})
        for (const bool value : {false, true}) {
            CHECK(how_many(
                      points,
                      [=](const Point& one) { return one.cpus == cpus && (one.gic == 3) == value; })
                  == 1);
            CHECK(
                how_many(points,
                         [=](const Point& one) { return one.cpus == cpus && one.legacy == value; })
                == 1);
            CHECK(how_many(points,
                           [=](const Point& one) { return one.cpus == cpus && one.max == value; })
                  == 1);
        }
}

TEST_CASE("a sample is two points, each has its turn, and the usual one is not among them")
{
    std::set<std::string> seen;
    for (u64 sources = 0; sources < 1'000; ++sources) {
        const auto sample = sample_points(sources);
        REQUIRE(sample.size() == 2);
        REQUIRE_FALSE(sample[0] == sample[1]);
        REQUIRE(sample_points(sources) == sample);
        for (const auto& point : sample)
            seen.insert(point.label());
    }
    CHECK(seen.size() == 23);
    CHECK_FALSE(seen.contains(plain_point.label()));
}

TEST_CASE("a point is said to `run` by the environment, which its command line overrules")
{
    CHECK(Point{4, 2, true, true}.environment()
          == std::vector<std::string>{"VIREO_CPUS=4", "VIREO_GIC=2", "VIREO_LEGACY=true",
                                      "VIREO_CPU=max"});
}

TEST_CASE("every point of the matrix has tests, and no others have its labels")
{
    const auto listed =
        run_captured({"ctest", "--test-dir", VIREO_HOST_TREE, "--print-labels"}, 60s);
    std::set<std::string> labels;
    for (const auto& line : lines_of(listed.out))
        if (const auto at = line.find("at-"); at != std::string::npos)
            labels.insert(line.substr(at));
    std::set<std::string> expected{"at-2-tags"};  // a machine that is no point of the matrix
    for (const auto& point : all_points())
        expected.insert(point.label());
    CHECK(labels == expected);
}
