// mistake_test.cpp - what a user gets wrong is a clear error before anything boots.
#include <fstream>

#include <catch2/catch.hpp>
#include <cli/image.hpp>

using namespace cli;
using Catch::Matchers::Contains;

namespace {

void check_refused(const Words& arguments, int status, const std::string& why)
{
    const auto refused = vireo(arguments);
    CHECK(refused.status == status);
    CHECK(refused.out.empty());
    CHECK_THAT(refused.err, Contains(why));
    CHECK_FALSE(refused.kept.exist());
}

Words with_disk(const fs::path& file) { return {"run", "--disk", "disk0=" + file.string()}; }

}  // namespace

TEST_CASE("an image that cannot be a disk is refused with the reason")
{
    const TempDir dir;
    check_refused(with_disk(dir / "missing.img"), 121, "No such file or directory");
    make_image(dir / "odd.img", 64 * sector_bytes + 1);
    check_refused(with_disk(dir / "odd.img"), 120, "has 32769 bytes, not a multiple of 512");
    make_image(dir / "empty.img", 0);
    check_refused(with_disk(dir / "empty.img"), 120, "is empty");
    check_refused(with_disk(dir / "."), 120, "not a regular file");
    std::ofstream{dir / "broken.qcow2", std::ios::binary} << std::string{"QFI\xfb", 4}
                                                          << std::string(508, 'x');
    check_refused(with_disk(dir / "broken.qcow2"), 120, "cannot use the qcow2 image");
}

TEST_CASE("a disk that the system does not have is refused, and those it has are named")
{
    check_refused({"run", "--disk", "disk1=/dev/null"}, 120,
                  "has no disk 'disk1'; did you mean 'disk0'?");
    check_refused({"run", "--disk", "rng0=/dev/null"}, 120, "its disks are: disk0, scratch0");
    check_refused({"run", "--disk", "disk0"}, 120, "NAME=FILE");
}

TEST_CASE("an unknown system is refused with the likely name")
{
    check_refused({"run", "deom"}, 120, "there is no system 'deom'; did you mean 'demo'?");
    check_refused({"run", "no/such/file.toml"}, 120, "there is no file no/such/file.toml");
}

TEST_CASE("an unknown key in a system file is refused with its line and the likely key")
{
    const TempDir dir;
    const auto file = dir / "own.toml";
    std::ofstream{file}
        << "[system]\nname = \"own\"\n\n[app.demo]\nbinary = \"demo\"\nprioritty = 20\n";
    check_refused(
        {"run", file.string()}, 120,
        "own.toml:6:1: error: unknown key 'prioritty' in [app.demo]; did you mean 'priority'?");
    std::ofstream{file} << "[system]\nname = \"own\"\n[app.demo]\nbinary = \"deom\"\n";
    check_refused({"run", file.string()}, 120,
                  "own.toml:4:10: error: there is no program 'deom'; did you mean 'demo'?");
    std::ofstream{file} << "[system]\nname = = \"own\"\n";
    check_refused({"run", file.string()}, 120, "own.toml:2:");
}

TEST_CASE("a system of nothing but a shell is refused without a command")
{
    check_refused({"run", SOURCE_FOLDER "/ending/ending.toml"}, 120,
                  "a run of system 'ending' would never end");
}

TEST_CASE("a machine that cannot be is refused")
{
    check_refused({"run", "--gic", "5"}, 120, "there is no GIC version 5");
    check_refused({"run", "--cpus", "0"}, 120, "it is from 1 to 8");
    check_refused({"run", "--cpus", "9"}, 120, "it is from 1 to 8");
    check_refused({"run", "--cpus", "two"}, 120, "--cpus");
    check_refused({"run", "--cpus", ""}, 120, "--cpus: '' is not a whole number");
    for (const std::string cpu : {"", "nope", "host", "cortex-a15"})
        check_refused({"run", "--cpu", cpu}, 120, "there is no 64-bit CPU '" + cpu + "'");
    check_refused({"run", "--memory", "8M"}, 120, "it is from 64M to 4G");
    check_refused({"run", "--memory", "66048K"}, 120, "whole megabytes");
}

TEST_CASE("a command line that makes no sense is refused")
{
    check_refused({"rnu"}, 120, "there is no command 'rnu'; did you mean 'run'?");
    check_refused({"run", "--memori", "64M"}, 120,
                  "vireo: error: there is no option '--memori'; did you mean '--memory'?");
    check_refused({"run", "--memory"}, 120, "vireo: error: --memory needs a value");
    check_refused({}, 120, "vireo: error: a command is missing");
    check_refused({"run", "--timeout", "soon"}, 120, "--timeout");
    check_refused({"run", "--qemu-opts", "-name 'a"}, 120, "a quote is not closed");
    check_refused({"run", "--allow-line", "("}, 120, "cannot read --allow-line");
}
