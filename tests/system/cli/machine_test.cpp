// machine_test.cpp - the same tests on every machine that the tool can ask for.
#include <regex>

#include <catch2/catch.hpp>
#include <cli/image.hpp>

using namespace cli;
using Catch::Matchers::Contains;

namespace {

constexpr u64 disk_bytes = 4 * mebibyte;
const std::string whole = "disk0 0 8192";

void check_demo(const Words& machine, const std::string& boot)
{
    const auto demo = vireo(Words{"run"} + machine);
    CHECK(demo.status == 0);
    CHECK(demo.err.empty());
    CHECK_THAT(demo.out, Contains("| scratch0: wrote 1024 KiB, flushed, read back: the same"));
    CHECK_THAT(demo.out, Contains("| demo: all good"));
    CHECK(std::regex_search(demo.out, std::regex{"src=kernel level=info msg=\"boot\" " + boot}));
}

// Writes, reads, hashes; the host agrees.
void check_disk(const Words& machine)
{
    const TempDir dir;
    const auto image = dir / "d.img";
    make_image(image, disk_bytes);
    const auto guest = vireo(Words{"run", "--disk", "disk0=" + image.string()} + machine
                             + Words{"-c", "blk fill " + whole + " 5", "-c", "blk flush disk0",
                                     "-c", "blk verify " + whole + " 5", "-c", "blk sha256 disk0"});
    CHECK(guest.status == 0);
    CHECK_THAT(guest.out, Contains("verified 8192 sectors of disk0"));
    CHECK_FALSE(first_difference(image, 5, 0, 8192));
    CHECK_THAT(guest.out, Contains(sha256(image) + "  disk0\n"));
}

// `boot`: how the kernel's own words about the machine begin.
void check_machine(const Words& machine, const std::string& boot = "")
{
    check_demo(machine, boot);
    check_disk(machine);
}

}  // namespace

TEST_CASE("one CPU will do", "[machine]") { check_machine({"--cpus", "1"}); }

TEST_CASE("two CPUs both run", "[machine]") { check_machine({"--cpus", "2"}, "cpus=2/2 "); }

TEST_CASE("64 MiB of memory will do", "[machine]")
{
    check_machine({"--memory", "64M"}, "cpus=1/1 memory_mib=64 ");
}

TEST_CASE("4 GiB of memory do no harm", "[machine]")
{
    check_machine({"--memory", "4G"}, "cpus=1/1 memory_mib=4096 ");
}

TEST_CASE("a cortex-a72 will do", "[machine]") { check_machine({"--cpu", "cortex-a72"}); }

TEST_CASE("a CPU with everything that QEMU has does no harm", "[machine]")
{
    check_machine({"--cpu", "max"});
}

TEST_CASE("every CPU that the tool and this QEMU know will do", "[machine]")
{
    for (const std::string cpu : {"a64fx", "cortex-a35", "cortex-a53", "cortex-a57", "cortex-a76",
                                  "neoverse-n1", "max,pauth=off"})
        check_demo({"--cpu", cpu}, "");
}

TEST_CASE("version 1 registers will do", "[machine]")
{
    check_machine({"--legacy"});
    const auto devices = vireo({"run", "--legacy", "-c", "devices"});
    CHECK_THAT(devices.out,
               Contains("disk0              0  blk         1  disk0           mapped"));
}

TEST_CASE("a kernel that is entered at EL2 does no harm", "[machine]")
{
    check_machine({"--qemu-opts", "-M virt,virtualization=on,gic-version=3"});
}

TEST_CASE("a kernel that is entered at EL2 of a CPU with everything does no harm", "[machine]")
{
    check_machine({"--cpu", "max", "--qemu-opts", "-M virt,virtualization=on,gic-version=3"});
}

TEST_CASE("a GICv2 will do", "[machine]")
{
    check_machine({"--gic", "2"}, "cpus=1/1 memory_mib=256 gic=2 ");
}

TEST_CASE("a GICv2 beside a CPU with everything does no harm", "[machine]")
{
    check_machine({"--gic", "2", "--cpu", "max"}, "cpus=1/1 memory_mib=256 gic=2 ");
}

TEST_CASE("a GICv2 of two CPUs does no harm", "[machine]")
{
    check_machine({"--gic", "2", "--cpus", "2"}, "cpus=2/2 memory_mib=256 gic=2 ");
}

TEST_CASE("a kernel that is entered at EL2 beside a GICv2 does no harm", "[machine]")
{
    check_machine({"--qemu-opts", "-M virt,virtualization=on,gic-version=2"}, "cpus=1/1 .*gic=2 ");
}

TEST_CASE("version 1 registers and a GICv2 will do", "[machine]")
{
    check_machine({"--legacy", "--gic", "2"}, "cpus=1/1 .*gic=2 ");
}

TEST_CASE("a GICv4, whose redistributors are larger, does no harm", "[machine]")
{
    const std::string board = "-M virt,virtualization=on,gic-version=4";
    check_machine({"--cpus", "2", "--qemu-opts", board}, "cpus=2/2 .*gic=3 ");
}
