// refusal_test.cpp - what the tool does without a QEMU: dry runs, and mistakes that it finds
// before.
#include "text.hpp"
#include "tool_run.hpp"

#include <catch2/catch.hpp>

using namespace vireo;
using namespace vireo::test;
using Catch::Matchers::Contains;

TEST_CASE("the option --dry-run prints a command line whose files exist, and starts nothing")
{
    FakeProject project;
    const auto dry =
        run_with(project, "touch " + (project.root() / "started").string(), {"--dry-run"});
    CHECK(dry.status == 0);
    CHECK_FALSE(fs::exists(project.root() / "started"));
    auto printed = dry.out;
    for (auto at = printed.find("\\\n"); at != std::string::npos; at = printed.find("\\\n"))
        printed.erase(at, 2);
    const auto line = shell_words(printed);
    REQUIRE(line);
    for (usize i = 0; i + 1 < line->size(); ++i)
        if ((*line)[i] == "-kernel" || (*line)[i] == "-initrd")
            CHECK(fs::exists((*line)[i + 1]));
    REQUIRE(project.run_directories().size() == 1);
    CHECK(fs::file_size(project.run_directories().front() / "disk0.img") == u64{1} << 20);
}

TEST_CASE("dry runs of one system share a directory, and what was printed last can be run")
{
    FakeProject project;
    const auto dry = [&] { return run_with(project, "true", {"--dry-run", "-c", "ps"}).out; };
    const auto first = dry();
    CHECK(first == dry());
    CHECK(project.run_directories().size() == 1);
    CHECK(run_with(project, "true", {"--dry-run", "--keep"}).status == 0);
    REQUIRE(project.run_directories().size() == 1);
    CHECK_THAT(first, Contains(project.run_directories().front().string() + "/boot.archive"));
}

TEST_CASE("the option --gic chooses the interrupt controller")
{
    FakeProject project;
    const auto command_line = [&](const std::vector<std::string>& more) {
        return run_with(project, "true", more).out;
    };
    CHECK_THAT(command_line({"--dry-run"}), Contains("gic-version=3"));
    CHECK_THAT(command_line({"--dry-run", "--gic", "2"}), Contains("gic-version=2"));
}

TEST_CASE("mistakes in a system file end with 120 and their place")
{
    FakeProject project;
    project.system("own", "[system]\nname = \"own\"\n\n[app.a]\nbianry = \"demo\"\n");
    const auto wrong = vireo_tool(project, {"run", "own"});
    CHECK(wrong.status == 120);
    CHECK_THAT(
        wrong.err,
        Contains("own.toml:5:1: error: unknown key 'bianry' in [app.a]; did you mean 'binary'?"));
    project.system("own", "[system]\nname = \"own\"\n[app.a]\nbinary = \"dmeo\"\n");
    CHECK_THAT(vireo_tool(project, {"run", "own"}).err,
               Contains("there is no program 'dmeo'; did you mean 'demo'?"));
    CHECK_THAT(vireo_tool(project, {"run", "onw"}).err, Contains("did you mean 'own'?"));
    CHECK_THAT(vireo_tool(project, {"run", "own.toml"}).err,
               Contains("there is no file own.toml") && Contains("fix: tools/vireo run own"));
    CHECK_THAT(vireo_tool(project, {"run", "other.toml"}).err,
               Contains("it was looked for in " + fs::current_path().string()));
}

TEST_CASE("a system that nothing ends is refused before QEMU starts")
{
    FakeProject project;
    const auto started = project.root() / "started";
    const auto system = [&](const std::string& app) {
        project.system("own", "[system]\nname = \"own\"\n[app.a]\nbinary = \"demo\"\n" + app);
    };
    const auto run = [&](std::vector<std::string> more) {
        more.insert(more.begin(), "own");
        return run_with(project,
                        "touch " + started.string() + "; echo 't=1 src=kernel verdict status=0'",
                        more);
    };
    system("start = \"shell\"\n");
    const auto shell = run({});
    CHECK(shell.status == 120);
    CHECK(shell.err
          == "vireo: error: a run of system 'own' would never end\n"
             "   why: its shell runs only with commands, and no app gives a verdict\n"
             "   fix: tools/vireo run own -c help\n");
    CHECK(run({"--dry-run"}).status == 120);
    CHECK_FALSE(fs::exists(started));
    CHECK(run({"-c", "help"}).status == 0);
    CHECK(fs::exists(started));
    CHECK(run({"--timeout", "0"}).status == 0);

    system("");
    const auto endless = run({});
    CHECK(endless.status == 120);
    CHECK_THAT(endless.err,
               Contains("none of its programs gives the verdict") && Contains("verdict = true"));
    system("verdict = true\n");
    CHECK(run({}).status == 0);
}

TEST_CASE("a command line that CLI11 refuses is an error like every other")
{
    FakeProject project;
    const auto refused = vireo_tool(project, {"run", "--bogus"});
    CHECK(refused.status == 120);
    CHECK(refused.out.empty());
    CHECK(refused.err
          == "vireo: error: there is no option '--bogus'\n"
             "   fix: tools/vireo run --help lists its arguments\n");
}

TEST_CASE("options that cannot be fulfilled are clear errors")
{
    FakeProject project;
    const auto refused = [&](const std::vector<std::string>& more) {
        std::vector<std::string> arguments{"run"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return vireo_tool(project, arguments);
    };
    CHECK(refused({"--gic", "1"}).status == 120);
    CHECK(refused({"--gic", "4"}).status == 120);
    CHECK_THAT(refused({"--gic", "4"}).err, Contains("there is no GIC version 4"));
    CHECK(refused({"--cpus", "9"}).status == 120);
    CHECK(refused({"--cpus", "0"}).status == 120);
    CHECK(refused({"--memory", "63M"}).status == 120);
    CHECK(refused({"--memory", "256"}).status == 120);
    CHECK_THAT(refused({"--memory", "66048K"}).err, Contains("whole megabytes"));
    CHECK_THAT(refused({"--memory", "67108865"}).err, Contains("whole megabytes"));
    CHECK(refused({"--dry-run", "--memory", "66560K"}).status == 0);
    CHECK_THAT(refused({"--cpu", "cortex-a15"}).err, Contains("there is no 64-bit CPU"));
    for (const std::string cpu : {"", "nope", "host"})
        CHECK(refused({"--cpu", cpu}).status == 120);
    CHECK(refused({"--disk", "disk0"}).status == 120);
    CHECK(refused({"--disk", "disk0=/no/such/file"}).status == 121);
    CHECK(refused({"--disk", "scratch0=/no/such/file"}).status == 120);
    CHECK(refused({"-c", std::string(5000, 'x')}).status == 120);
}

TEST_CASE("what programs may own must fit the memory of the command line, to the last frame")
{
    FakeProject project;
    const auto with_frames = [&](u32 frames) {
        project.system("own", "[system]\nname = \"own\"\n[app.a]\nbinary = \"demo\"\nverdict = "
                              "true\nframes = "
                                  + std::to_string(frames) + "\n");
        return vireo_tool(project, {"--dry-run", "run", "own", "--memory", "64M"});
    };
    CHECK(with_frames(16384).status == 0);
    const auto one_more = with_frames(16385);
    CHECK(one_more.status == 120);
    CHECK_THAT(one_more.err, Contains("system 'own' does not fit 64M of memory")
                                 && Contains("own 16385 frames together, the machine has 16384"));
}

TEST_CASE("what is not built is said to be so")
{
    FakeProject project;
    fs::remove(project.root() / "build/target/microkernel/Image");
    const auto missing = vireo_tool(project, {"run"});
    CHECK(missing.status == 122);
    CHECK_THAT(missing.err, Contains("the kernel is not built"));
    fs::remove_all(project.root() / "build/target/programs");
    const auto nothing = vireo_tool(project, {"run"});
    CHECK(nothing.status == 122);
    CHECK_THAT(nothing.err, Contains("no program is built") && Contains("fix: tools/vireo build"));
}

TEST_CASE("a comparison without the other system says what is missing, and where to look")
{
    FakeProject project;
    fs::create_directories(project.root() / "tools/linux");
    const auto script = project.root() / "tools/linux/prepare";
    write_file(script, std::string_view{"#!/bin/sh\necho 'no network' >&2\nexit 121\n"});
    fs::permissions(script, fs::perms::owner_all);
    const auto bench = vireo_tool(project, {"bench", "--against", "linux"});
    CHECK(bench.status == 121);
    CHECK_THAT(bench.err, Contains("error: there is no Linux to compare with")
                              && Contains("why: no network") && Contains("tools/linux/prepare"));
    CHECK(vireo_tool(project, {"bench", "--against", "minix"}).status == 120);
    CHECK(vireo_tool(project, {"bench", "--runs", "2"}).status == 120);
}

TEST_CASE("a bench without an instruction counter prints no figures")
{
    FakeProject project;
    project.system("bench", system_text());
    write_file(project.root() / "tests/budgets.toml",
               std::string_view{"[limits]\n\"sys.null\" = { insn = 60 }\n"});
    const auto bench = [&](const std::string& region, std::vector<std::string> more) {
        const auto script =
            project.script("echo 't=1 src=vsh/0 | PB-HELLO'\necho 't=1 src=vsh/0 | " + region
                           + "'\necho 't=1 src=vsh/0 | PB-DONE'\n"
                             "echo 't=1 src=kernel verdict status=0'");
        std::vector<std::string> arguments{"bench", "sys", "--qemu", script.string()};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return vireo_tool(project, arguments);
    };
    const auto blind = bench("RES 0 sys.null n=10 ns=5 insn=0", {});
    CHECK(blind.status == 121);
    CHECK(blind.out.empty());
    CHECK_THAT(blind.err, Contains("no instruction counter"));

    const auto good = bench("RES 0 sys.null n=10 ns=5 insn=590 exceptions=10", {"--json"});
    CHECK(good.status == 0);
    CHECK_THAT(
        good.out,
        Contains(R"({"name":"sys.null","metric":"insn","value":59.0,"n":10,"budget":60.0})"));
    const auto exceeded = bench("RES 0 sys.null n=10 ns=5 insn=610", {});
    CHECK(exceeded.status == 1);
    CHECK_THAT(exceeded.out, Contains("EXCEEDED"));
    CHECK(bench("RES 0 sys.other n=10 insn=610", {}).status == 1);
    const auto nothing = bench("RES 0 ipc.call n=10 insn=610", {});
    CHECK(nothing.status == 120);
    CHECK_THAT(nothing.err, Contains("starts with 'sys'") && Contains("measured were: ipc.call"));
}
