// build_test.cpp - building before a run, with a script that plays cmake.
#include "fixtures.hpp"

#include <chrono>

#include <catch2/catch.hpp>
#include <sys/file.h>

#include <fcntl.h>

using namespace vireo;
using namespace vireo::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

class Build {
public:
    explicit Build(const std::string& cmake)
    {
        const auto folder = project_.root() / "bin";
        fs::create_directories(folder);
        write_file(folder / "cmake", "#!/bin/sh\necho \"$*\" >>"
                                         + (project_.root() / "calls").string() + "\n" + cmake);
        fs::permissions(folder / "cmake", fs::perms::owner_all);
        qemu_ = project_.script("echo 't=1 src=kernel verdict status=0'").string();
    }

    Captured run(const std::vector<std::string>& more = {}) const
    {
        std::vector<std::string> argv{"env",
                                      "-u",
                                      "VIREO_NO_BUILD",
                                      "-u",
                                      "VIREO_TARGET_DIR",
                                      "PATH=" + (project_.root() / "bin").string()
                                          + ":/usr/bin:/bin",
                                      "VIREO_ROOT=" + project_.root().string(),
                                      VIREO_TOOL,
                                      "run",
                                      "--qemu",
                                      qemu_};
        argv.insert(argv.end(), more.begin(), more.end());
        return run_captured(argv, 150s);
    }
    std::string calls() const { return read_text(project_.root() / "calls"); }
    fs::path tree() const { return project_.root() / "build/target"; }

private:
    FakeProject project_;
    std::string qemu_;
};

}  // namespace

TEST_CASE("a tree is configured once, built before each run, and nothing is said of it")
{
    const Build build{"case $1 in --preset) touch build/target/build.ninja ;; esac\necho chatter"};
    const auto first = build.run();
    CHECK(first.status == 0);
    CHECK(first.err.empty());
    CHECK(build.run().status == 0);
    const auto again = "--build " + build.tree().string() + "\n";
    CHECK(build.calls() == "--preset target\n" + again + again);
}

TEST_CASE("a build that fails ends the run with 122 and what the compiler said")
{
    const Build build{"echo 'x.cpp:3:1: error: expected'; exit 1"};
    const auto failed = build.run();
    CHECK(failed.status == 122);
    CHECK(failed.out.empty());
    CHECK_THAT(failed.err, Contains("x.cpp:3:1: error: expected"));
    CHECK_THAT(failed.err, Contains("configuring the kernel and programs failed"));
}

TEST_CASE("a build that takes time says that it is under way")
{
    const Build build{"sleep 2.5"};
    CHECK_THAT(build.run().err, Contains("vireo: building the kernel and programs ..."));
}

TEST_CASE("the option --no-build builds nothing")
{
    const Build build{""};
    CHECK(build.run({"--no-build"}).status == 0);
    CHECK_THROWS(build.calls());
}

TEST_CASE("a run waits for another one that builds, and says so")
{
    const Build build{""};
    const auto path = build.tree().string() + ".lock";
    const Fd lock{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)};
    REQUIRE(::flock(lock.raw(), LOCK_EX) == 0);
    std::string said;
    const auto end = Clock::now() + 4s;
    Child run{{.argv = {"env", "-u", "VIREO_NO_BUILD",
                        "VIREO_ROOT=" + build.tree().parent_path().parent_path().string(),
                        VIREO_TOOL, "run"}}};
    (void)pump(run, {.err = [&](std::string_view text) { said += text; },
                     .deadline = [=] { return end; }});
    CHECK(said == "vireo: waiting for another build ...\n");
}
