// shim_test.cpp - the shell script in front of the tool, where it ends before there is a tool.
#include "fixtures.hpp"

#include <chrono>
#include <cstdlib>

#include <catch2/catch.hpp>

#include <unistd.h>

using namespace vireo;
using namespace vireo::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;

namespace {

// A project that is nothing but the script, on a machine where a package is missing and apt-get
// only notes that it was called.
class Newcomer {
public:
    Newcomer()
    {
        for (const auto& folder : {dir_ / "tools", dir_ / "bin"})
            fs::create_directories(folder);
        fs::copy_file(VIREO_SHIM, dir_ / "tools/vireo");
        write_file(dir_ / "tools/packages.txt",
                   std::string_view{"# comment\ndpkg 1.0 there\n"
                                    "no-such-package-here 7 the tool\n"
                                    "nor-this-one 1 (debug) the debugger\n"
                                    "nor-that-one 2:3 the build\n"});
        program("apt-get", "echo \"$@\" >>" + called().string());
        program("sudo", "[ \"$1\" != -n ] || shift; exec \"$@\"");
    }

    Captured vireo(const std::vector<std::string>& arguments) const
    {
        std::vector<std::string> words{"env",
                                       "-u",
                                       "VIREO_NO_BUILD",
                                       "PATH=" + (dir_ / "bin").string() + ":" + ::getenv("PATH"),
                                       "sh",
                                       (dir_ / "tools/vireo").string()};
        words.insert(words.end(), arguments.begin(), arguments.end());
        return run_captured(words, 100s);
    }
    // As if it had been built after everything else.
    void build_tool() const
    {
        fs::create_directories(dir_ / "build/tool");
        program("../build/tool/vireo-tool", "echo \"the tool: $@\"");
        write_file(dir_ / "build/tool.stamp", std::string_view{});
        for (const auto& folder : {"base", "abi", "proto", "cmake"})
            fs::create_directories(dir_ / folder);
        for (const auto* file : {"CMakeLists.txt", "CMakePresets.json"})
            write_file(dir_ / file, std::string_view{});
        const auto later = fs::file_time_type::clock::now() + 1h;
        fs::last_write_time(dir_ / "build/tool.stamp", later);
    }
    fs::path called() const { return dir_ / "called"; }
    bool has_build() const { return fs::exists(dir_ / "build"); }

private:
    void program(const std::string& name, const std::string& body) const
    {
        const auto path = dir_ / "bin" / name;
        write_file(path, "#!/bin/sh\n" + body + "\n");
        fs::permissions(path, fs::perms::owner_all);
    }

    TempDir dir_;
};

}  // namespace

TEST_CASE("what only asks installs nothing, and says what is missing")
{
    const Newcomer newcomer;
    const std::vector<std::vector<std::string>> questions{
        {"--help"},           {"--version"}, {"run", "--help"},
        {"--dry-run", "run"}, {"size"},      {"--qemu-opts", "run", "--dry-run", "run"},
        {"setup", "-h"},      {"rnu"},       {}};
    for (const auto& question : questions) {
        const auto answer = newcomer.vireo(question);
        CHECK(answer.status == 121);
        CHECK_THAT(answer.err, Contains("vireo: error: the tool is not built"));
        CHECK_THAT(answer.err, EndsWith("apt-get install --no-install-recommends "
                                        "no-such-package-here nor-that-one\n"));
    }
    CHECK_FALSE(fs::exists(newcomer.called()));
    CHECK_FALSE(newcomer.has_build());
}

TEST_CASE("the doctor needs no tool to name the missing packages and the line that installs them")
{
    const Newcomer newcomer;
    const auto doctor = newcomer.vireo({"doctor"});
    CHECK(doctor.status == 121);
    CHECK_THAT(doctor.out, Contains("MISSING  package no-such-package-here (at least 7): the tool\n"
                                    "MISSING  package nor-that-one (at least 2:3): the build\n"));
    CHECK_THAT(doctor.out, Contains("   fix: ") && Contains("apt-get update && "));
    CHECK_THAT(doctor.out, Contains("install --no-install-recommends "
                                    "no-such-package-here nor-that-one\n"));
    CHECK_FALSE(fs::exists(newcomer.called()));
    CHECK_FALSE(newcomer.has_build());
}

TEST_CASE("a tool that is there answers, whatever else is missing")
{
    const Newcomer newcomer;
    newcomer.build_tool();
    CHECK(newcomer.vireo({"doctor"}).out == "the tool: doctor\n");
    CHECK(newcomer.vireo({"--help"}).out == "the tool: --help\n");
    CHECK_FALSE(fs::exists(newcomer.called()));
}

TEST_CASE("a command that works with the project installs what is missing")
{
    for (const std::string command : {"setup", "run", "test", "build", "bench", "debug"}) {
        const Newcomer newcomer;
        const auto tried = newcomer.vireo({"--timeout", "5", command, "-c", "--help"});
        CHECK(tried.status == 121);
        CHECK_THAT(tried.err, Contains("still missing or too old after installing"));
        REQUIRE(fs::exists(newcomer.called()));
        CHECK_THAT(read_text(newcomer.called()),
                   Contains("install --yes --no-install-recommends no-such-package-here "
                            "nor-this-one nor-that-one\n"));
    }
}

TEST_CASE("the script says which file it may not write, and ends with 121")
{
    const TempDir dir;
    const auto build = dir / "build";
    fs::create_directories(dir / "tools");
    fs::create_directories(build);
    fs::copy_file(VIREO_SHIM, dir / "tools/vireo");
    fs::permissions(dir.path(), fs::perms{0755});
    std::vector<std::string> words{"sh", (dir / "tools/vireo").string(), "run"};
    if (::geteuid() == 0)  // root may write everything
        words.insert(words.begin(), {"setpriv", "--reuid", "65534", "--clear-groups"});

    fs::permissions(build, fs::perms{0555});
    const auto whole = run_captured(words, 100s);
    CHECK(whole.status == 121);
    CHECK(whole.err.starts_with("vireo: error: "));
    CHECK(whole.err.contains("cannot write " + build.string() + "\n   fix: "));

    fs::permissions(build, fs::perms{0777});
    write_file(build / "tool.lock", std::string_view{});
    fs::permissions(build / "tool.lock", fs::perms{0444});
    const auto file = run_captured(words, 100s);
    CHECK(file.status == 121);
    CHECK(file.err.contains("cannot write " + (build / "tool.lock").string() + "\n   fix: "));
}
