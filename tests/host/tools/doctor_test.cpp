// doctor_test.cpp - what the doctor reads and concludes.
#include "doctor.hpp"
#include "fixtures.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

using namespace vireo;
using namespace vireo::test;
using Catch::Matchers::Contains;

TEST_CASE("the package list has a name, a version and a reason a line")
{
    const auto packages = parse_packages(
        "# comment\n\nqemu-system-arm  1:7.2  the machine\ngdb 13.1 (debug) the debugger\n");
    REQUIRE(packages.size() == 2);
    CHECK(packages[0].name == "qemu-system-arm");
    CHECK(packages[0].least == "1:7.2");
    CHECK(packages[0].reason == "the machine");
    CHECK_FALSE(packages[0].optional);
    CHECK(packages[1].optional);
}

TEST_CASE("QEMU has to be new enough, and to say so")
{
    CHECK(judge_qemu_version("QEMU emulator version 7.2.22 (Debian 1:7.2)\nCopyright").good);
    CHECK(judge_qemu_version("QEMU emulator version 10.0.2").good);
    CHECK_FALSE(judge_qemu_version("QEMU emulator version 7.1.9").good);
    CHECK_FALSE(judge_qemu_version("QEMU emulator version 5.2.0").good);
    CHECK_FALSE(judge_qemu_version("").good);
    CHECK_THAT(judge_qemu_version("QEMU emulator version 5.2.0").fix, Contains("qemu-system-arm"));
}

TEST_CASE("a missing or too old package is found, with the line that installs it")
{
    FakeProject project;
    fs::create_directories(project.root() / "tools");
    write_file(
        project.root() / "tools/packages.txt",
        std::string_view{"dpkg 1.0 there\nno-such-package-here 1 missing\ndpkg 999:1 too old\n"});
    const auto findings = examine(Project{project.root()}, {});
    REQUIRE(findings.size() > 3);
    CHECK(findings[0].good);
    CHECK_FALSE(findings[1].good);
    CHECK_THAT(findings[1].fix,
               Contains("apt-get install --no-install-recommends no-such-package-here"));
    CHECK_FALSE(findings[2].good);
    CHECK_THAT(findings[2].why, Contains("installed is"));
}

TEST_CASE("a QEMU without a device that is needed is found")
{
    FakeProject project;
    fs::create_directories(project.root() / "tools");
    write_file(project.root() / "tools/packages.txt", std::string_view{});
    const auto script = project.script(R"(
case "$*" in
*--version*) echo "QEMU emulator version 7.2.0" ;;
*-device*) echo 'name "virtio-blk-device", bus virtio-bus' ;;
*-machine*) echo "virt   QEMU ARM Virtual Machine" ;;
esac)");
    const auto findings = examine(Project{project.root()}, {.qemu = script.string()});
    const auto verdict = [&](const std::string& what) {
        const auto found = std::ranges::find_if(
            findings, [&](const auto& one) { return one.what.ends_with(what); });
        return found != findings.end() && found->good;
    };
    CHECK(verdict("machine virt"));
    CHECK(verdict("device virtio-blk-device"));
    CHECK_FALSE(verdict("device virtio-rng-device"));
}
