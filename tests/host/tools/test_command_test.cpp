// test_command_test.cpp - `test` on a made-up tree of tests: stages, what is shown, and the code.
#include "fixtures.hpp"
#include "matrix.hpp"
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

// One for each stage of --full; each writes a line into `ran`.
std::vector<PlannedTest> one_of_all()
{
    std::vector<PlannedTest> tests;
    for (const std::string label :
         {"host", "fuzz", "system", "machine", "budget", "fault", "defects", "full"})
        tests.push_back({label, "echo " + label + " $VIREO_CPUS $VIREO_GIC >>ran", label});
    for (const auto& point : all_points())
        tests.push_back({point.label(), "echo short >>ran", "matrix;" + point.label()});
    for (const std::string label : {"soak-1", "soak-2", "soak-3", "soak-4", "soak-5"})
        tests.push_back({label, "echo " + label + " >>ran", label});
    return tests;
}

usize times_run(const FakeProject& project)
{
    const auto ran = project.root() / "build/host/ran";
    return fs::exists(ran) ? lines_of(read_text(ran)).size() : 0;
}

}  // namespace

TEST_CASE("every test runs in one stage, long ones only when asked for")
{
    const FakeProject project;
    plan(project, one_of_each);
    const auto done = vireo_test(project);
    CHECK(done.status == 0);
    CHECK_THAT(done.out, Contains("stage 1/7: set-up (limit "));
    CHECK_THAT(done.out, Contains("stage 3/7: host tests (limit 300 s)\n  2/2 done, 0 failed"));
    CHECK_THAT(done.out, Contains("stage 5/7: system tests (limit 400 s)\n  1/1 done, 0 failed"));
    CHECK(lines_of(done.out).back() == "100% tests passed, 0 tests failed out of 5");
    CHECK_FALSE(fs::exists(project.root() / "build/host/ran_long"));
}

TEST_CASE("all of the matrix and the long tests run when asked for, each machine as it should be")
{
    const FakeProject project;
    plan(project, one_of_all());
    const auto done = vireo_test(project, {"--full"});
    CHECK(lines_of(done.out).back() == "100% tests passed, 0 tests failed out of 43");
    const auto ran = read_text(project.root() / "build/host/ran");
    CHECK_THAT(ran, Contains("\nsystem\n") && Contains("\nsystem 1 2\n")
                        && Contains("\nsystem 4 3\n") && Contains("\nfull 2 3\n"));
    CHECK_THAT(done.out, Contains("stage 17/23: long tests (limit "));
}

TEST_CASE("without --full two machines of the matrix have their turn")
{
    const FakeProject project;
    plan(project, one_of_all());
    CHECK_THAT(vireo_test(project).out, Contains("tests passed, 0 tests failed out of 8"));
    CHECK(times_run(project) == 8);
}

TEST_CASE("a long run goes on with what has not passed, until the sources change or it is told to")
{
    const FakeProject project;
    auto tests = one_of_all();
    tests[4].command = "test -e mended && echo mended >>ran";
    plan(project, tests);
    const auto broken = vireo_test(project, {"--full"});
    CHECK(broken.status == 1);
    CHECK(times_run(project) == 42);
    write_file(project.root() / "build/host/mended", std::string_view{});
    const auto again = vireo_test(project, {"--full"});
    CHECK(again.status == 0);
    CHECK_THAT(again.out, Contains("1/1 passed before, with the same sources"));
    CHECK(lines_of(again.out).back() == "100% tests passed, 0 tests failed out of 43");
    CHECK(times_run(project) == 43);
    vireo_test(project, {"--full", "--stage", "budgets", "--restart"});
    CHECK(times_run(project) == 44);
    write_file(project.root() / "systems/new.toml", std::string_view{});
    vireo_test(project, {"--full", "--stage", "budgets"});
    CHECK(times_run(project) == 45);
}

TEST_CASE("a stage of a long run without a test is a failure")
{
    const FakeProject project;
    plan(project, one_of_each);
    const auto done = vireo_test(project, {"--full"});
    CHECK(done.status == 1);
    CHECK_THAT(done.out, Contains("failed: (there is no test of 'matrix, short tests on 2 CPUs')"));
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

TEST_CASE("repeating goes on with the round that has not passed")
{
    const FakeProject project;
    plan(project, {{"third", "echo x >>ran; test $(wc -l <ran) -ne 3", "system"}});
    const std::vector<std::string> words{"--repeat", "4", "--stage", "system"};
    const auto broken = vireo_test(project, words);
    CHECK_THAT(broken.out, Contains("system tests, round 3 of 4 (limit 400 s)")
                               && !Contains("round 4 of 4") && Contains("failed: third"));
    const auto again = vireo_test(project, words);
    CHECK(again.status == 0);
    CHECK(lines_of(again.out).back() == "100% tests passed, 0 tests failed out of 4");
    CHECK(times_run(project) == 5);
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
