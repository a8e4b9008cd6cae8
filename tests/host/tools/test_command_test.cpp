// test_command_test.cpp - `test` on a made-up tree of tests: stages, what is shown, and the code.
#include "fixtures.hpp"
#include "text.hpp"

#include <chrono>

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace vireo;
using namespace vireo::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

struct PlannedTest {
    std::string name;
    std::string command;
    std::string label;
};

void plan(const FakeProject& project, const std::vector<PlannedTest>& tests)
{
    std::string text;
    for (const auto& [name, command, label] : tests) {
        text += fmt::format("add_test(\"{}\" \"sh\" \"-c\" \"{}\")\n", name, command);
        text += fmt::format("set_tests_properties(\"{}\" PROPERTIES LABELS \"{}\")\n", name, label);
    }
    fs::create_directories(project.root() / "build/host");
    write_file(project.root() / "build/host/CTestTestfile.cmake", text);
    fs::create_directories(project.root() / "tools");
    write_file(project.root() / "tools/packages.txt", std::string_view{});
}

Captured vireo_test(const FakeProject& project, const std::vector<std::string>& more = {})
{
    std::vector<std::string> argv{"env",
                                  "-u",
                                  "VIREO_TARGET_DIR",
                                  "VIREO_ROOT=" + project.root().string(),
                                  "VIREO_NO_BUILD=1",
                                  VIREO_TOOL,
                                  "test"};
    argv.insert(argv.end(), more.begin(), more.end());
    return run_captured(argv, 150s);
}

const std::vector<PlannedTest> one_of_each{
    {"a unit", "exit 0", "host"},    {"unlabelled", "exit 0", ""},
    {"fuzz: x", "exit 0", "fuzz"},   {"system: boot", "exit 0", "system"},
    {"budgets", "exit 0", "budget"}, {"system: hours", "touch ran_long", "system;full"}};

}  // namespace

TEST_CASE("every test runs in one stage, long ones only when asked for")
{
    const FakeProject project;
    plan(project, one_of_each);
    const auto done = vireo_test(project);
    CHECK(done.status == 0);
    CHECK_THAT(done.out, Contains("stage 1/6: set-up (limit "));
    CHECK_THAT(done.out, Contains("stage 3/6: host tests (limit 300 s)\n  2/2 done, 0 failed"));
    CHECK_THAT(done.out, Contains("stage 5/6: system tests (limit 400 s)\n  1/1 done, 0 failed"));
    CHECK(lines_of(done.out).back() == "100% tests passed, 0 tests failed out of 5");
    CHECK_FALSE(fs::exists(project.root() / "build/host/ran_long"));

    const auto full = vireo_test(project, {"--full"});
    CHECK(lines_of(full.out).back() == "100% tests passed, 0 tests failed out of 6");
    CHECK(fs::exists(project.root() / "build/host/ran_long"));
}

TEST_CASE("a test that fails is named, its output is shown, and the code is 1")
{
    const FakeProject project;
    plan(project, {{"good", "echo unseen", "host"}, {"bad", "echo the reason; exit 3", "system"}});
    const auto done = vireo_test(project);
    CHECK(done.status == 1);
    CHECK_THAT(done.out, Contains("the reason"));
    CHECK_THAT(done.out, !Contains("unseen"));
    CHECK_THAT(done.out, Contains("failed: bad"));
    CHECK(lines_of(done.out).back() == "50% tests passed, 1 tests failed out of 2");
}

TEST_CASE("a filter selects by name, and one that selects nothing is an error")
{
    const FakeProject project;
    plan(project, one_of_each);
    CHECK(lines_of(vireo_test(project, {"fuzz"}).out).back()
          == "100% tests passed, 0 tests failed out of 1");
    const auto none = vireo_test(project, {"no such test"});
    CHECK(none.status == 1);
    CHECK_THAT(none.out, Contains("no test was found") && Contains("build/host -N lists"));
    const auto broken = vireo_test(project, {"("});
    CHECK(broken.status == 120);
    CHECK_THAT(broken.err, Contains("vireo: error: cannot read the filter ("));
}

TEST_CASE("a test that fails only sometimes is found by repeating it")
{
    const FakeProject project;
    plan(project, {{"flaky", "test ! -e second && touch second", "host"}});
    CHECK(vireo_test(project).status == 0);
    fs::remove(project.root() / "build/host/second");
    CHECK(vireo_test(project, {"--repeat", "3"}).status == 1);
}

TEST_CASE("reports for other tools are written when asked for")
{
    const FakeProject project;
    plan(project, one_of_each);
    const auto reports = project.root() / "reports";
    CHECK(vireo_test(project, {"--junit", reports.string()}).status == 0);
    u32 found = 0;
    for (const auto& entry : fs::directory_iterator{reports}) {
        CHECK_THAT(read_text(entry.path()), Contains("<testsuite"));
        ++found;
    }
    CHECK(found == 4);
}

TEST_CASE("a machine that lacks something fails before anything is built")
{
    const FakeProject project;
    plan(project, one_of_each);
    write_file(project.root() / "tools/packages.txt",
               std::string_view{"no-such-package-here 1 needed\n"});
    const auto done = vireo_test(project);
    CHECK(done.status == 121);
    CHECK_THAT(done.err, Contains("apt-get install --no-install-recommends no-such-package-here"));
}
