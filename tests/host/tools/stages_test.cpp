// stages_test.cpp - stages of `test`, and what is read from ctest.
#include "file.hpp"
#include "test.hpp"

#include <algorithm>

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace vireo;

TEST_CASE("the matrix and the long tests are stages of their own, on request")
{
    CHECK(stages_of({}).size() == 5);
    const auto full = stages_of({.full = true});
    CHECK(full.size() == 5 + 3 + 6 + 1 + 1 + 5);
    CHECK(full[14].selection == std::vector<std::string>{"-L", "^full$"});
    CHECK(full.back().selection == std::vector<std::string>{"-L", "^soak-5$"});
    for (const auto& stage : full)
        CHECK(stage.limit.count() > 0);
}

TEST_CASE("no stage takes more than an hour, and all together no more than three hours")
{
    auto sum = setup_limit + build_limit;
    for (const auto& stage : stages_of({.full = true})) {
        CHECK(stage.limit <= std::chrono::hours{1});
        sum += stage.limit;
    }
    CHECK(sum <= std::chrono::hours{3});
}

TEST_CASE(
    "the machines among the system tests differ with the sources, and all are there with full")
{
    const auto labels = [](const TestOptions& options, u64 sources) {
        return stages_of(options, sources)[2].selection.back();
    };
    CHECK(labels({}, 0) == labels({}, 0));
    CHECK(labels({}, 0) != labels({}, 1));
    CHECK_THAT(labels({}, 0), Catch::Matchers::Contains("|at-"));
    CHECK(labels({.full = true}, 0) == "^(system|machine)$");
}

TEST_CASE("one stage can be asked for by its name")
{
    const auto stages = stages_of({.stage = "system"});
    REQUIRE(stages.size() == 1);
    CHECK(stages[0].name == "system tests");
}

TEST_CASE("the page about testing gives the limit of each stage, and their sum")
{
    auto sum = setup_limit + build_limit;
    auto text = fmt::format("set-up {}, build {}", setup_limit.count(), build_limit.count());
    for (const auto& stage : stages_of({})) {
        text += fmt::format(", {} {}", stage.name, stage.limit.count());
        sum += stage.limit;
    }
    auto page = read_text(VIREO_TESTING_PAGE);
    std::ranges::replace(page, '\n', ' ');
    CHECK_THAT(page, Catch::Matchers::Contains(fmt::format("{}; {} together", text, sum.count())));
}

TEST_CASE("results of single tests are read from ctest's lines")
{
    const auto passed = parse_test_line(
        " 3/41 Test #12: tools_test/a size has a unit .......   Passed    0.02 sec");
    REQUIRE(passed);
    CHECK(passed->name == "tools_test/a size has a unit");
    CHECK(passed->passed);
    for (const auto* line :
         {"1/1 Test #1: x ....***Failed    0.00 sec", "1/1 Test #1: x ...***Timeout  30.01 sec",
          "1/1 Test #1: x ...***Not Run (Disabled)   0.00 sec",
          "1/1 Test #1: x ...***Exception: SegFault  0.1 sec",
          "1/1 Test  #1: x ...Subprocess aborted***Exception:   0.1 sec"}) {
        const auto failed = parse_test_line(line);
        REQUIRE(failed);
        CHECK(failed->name == "x");
        CHECK_FALSE(failed->passed);
    }
    CHECK_FALSE(parse_test_line("      Start 12: x"));
    CHECK_FALSE(parse_test_line("100% tests passed, 0 tests failed out of 41"));
}

TEST_CASE("the number of planned tests is read from ctest's list")
{
    CHECK(parse_total("Test project /x\n  Test #1: a\n\nTotal Tests: 41\n") == 41u);
    CHECK_FALSE(parse_total("no such directory"));
}

TEST_CASE("a hundred percent are all tests")
{
    CHECK(closing_line(0, 250) == "100% tests passed, 0 tests failed out of 250");
    CHECK(closing_line(1, 250) == "99% tests passed, 1 tests failed out of 250");
    CHECK(closing_line(1, 1000) == "99% tests passed, 1 tests failed out of 1000");
    CHECK(closing_line(0, 0) == "0% tests passed, 0 tests failed out of 0");
}
