// shim_test.cpp - the shell script in front of the tool, where it ends before there is a tool.
#include "fixtures.hpp"

#include <chrono>

#include <catch2/catch.hpp>

#include <unistd.h>

using namespace vireo;
using namespace vireo::test;
using namespace std::chrono_literals;

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
    const auto whole = run_captured(words, 20s);
    CHECK(whole.status == 121);
    CHECK(whole.err.starts_with("vireo: error: "));
    CHECK(whole.err.contains("cannot write " + build.string() + "\n   fix: "));

    fs::permissions(build, fs::perms{0777});
    write_file(build / "tool.lock", std::string_view{});
    fs::permissions(build / "tool.lock", fs::perms{0444});
    const auto file = run_captured(words, 20s);
    CHECK(file.status == 121);
    CHECK(file.err.contains("cannot write " + (build / "tool.lock").string() + "\n   fix: "));
}
