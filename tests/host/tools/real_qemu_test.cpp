// real_qemu_test.cpp - the program with the real QEMU and a kernel of a few instructions: QEMU
// takes the command line, its serial line arrives, and a guest that hangs is looked at.
#include "tool_run.hpp"

#include <chrono>

#include <catch2/catch.hpp>

using namespace vireo;
using namespace vireo::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

const std::string verdict = "t=0.1 src=kernel verdict status=0\n";

}  // namespace

TEST_CASE("QEMU boots what the tool made, and its verdict arrives")
{
    const FakeProject project{"t=0.001 src=kernel level=info msg=\"boot\"\r\n" + verdict};
    const auto done = vireo_tool(project, {"run"});
    CHECK(done.err.empty());
    CHECK(done.status == 0);
    CHECK(done.out == "t=0.001 src=kernel level=info msg=\"boot\"\n" + verdict);
}

TEST_CASE("QEMU takes every kind of device and image, and names of files with anything in them")
{
    FakeProject project{verdict};
    project.system("all", R"([system]
name = "all"
machine = { cpus = 2, memory = "64M", cpu = "max" }
[device.d0]
type = "virtio-blk"
image = { size = "1M", inject_error = [{ sector = 3 }, { on = "flush", once = true }] }
serial = "a,b"
qemu = { "request-merging" = "off", "num-queues" = 1 }
[device.d1]
type = "virtio-blk"
image = { null = "1G", latency_ns = 1000 }
[device.d2]
type = "virtio-blk"
image = { size = "1M" }
[device.d3]
type = "virtio-blk"
image = { size = "1M" }
[device.r]
type = "virtio-rng"
[device.n0]
type = "virtio-net"
[device.n1]
type = "virtio-net"
[device.k]
type = "virtio-keyboard"
[device.t]
type = "virtio-tablet"
[app.demo]
binary = "demo"
verdict = true
)");
    const auto raw = project.root() / "a,b \"c\".img";
    make_sparse(raw, 512);
    const auto qcow2 = project.root() / "q,=.img";
    REQUIRE(run_captured(
                {"qemu-img", "create", "-q", "-f", "qcow2", "file:" + qcow2.string(), "1M"}, 100s)
                .status
            == 0);
    for (const std::string legacy : {"--keep", "--legacy"}) {
        const auto done = vireo_tool(project, {"run", "all", legacy, "--disk", "d2=" + raw.string(),
                                               "--disk", "d3=" + qcow2.string() + ",ro,qcow2"});
        CHECK(done.status == 0);
        CHECK(done.out == verdict);
    }
}

TEST_CASE("a raw image that a guest made look like an overlay of a host's file is a raw image")
{
    const FakeProject project{verdict};
    const auto secret = project.root() / "secret";
    make_sparse(secret, 4096);
    const auto overlay = project.root() / "d.img";
    REQUIRE(run_captured({"qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b",
                          secret.string(), overlay.string()},
                         60s)
                .status
            == 0);
    fs::resize_file(overlay, u64{1} << 20);
    // QEMU opens the backing file of an image that it takes for qcow2; here it has nothing to miss.
    fs::remove(secret);
    const auto raw = vireo_tool(project, {"run", "--disk", "disk0=" + overlay.string()});
    CHECK(raw.status == 0);
    CHECK_THAT(raw.err, Contains("vireo: note: " + overlay.string() + " is attached as raw"));
    const auto asked =
        vireo_tool(project, {"run", "--disk", "disk0=" + overlay.string() + ",qcow2"});
    CHECK(asked.status == 120);
    CHECK_THAT(asked.err, Contains("it has a backing file"));
}

TEST_CASE("a read-only file is attached read-only, so that QEMU takes it beside another user of it")
{
    const FakeProject project{verdict};
    const auto file = project.root() / "d.img";
    make_sparse(file, 1024);
    fs::permissions(file, fs::perms::owner_read);
    CHECK(vireo_tool(project, {"run", "--disk", "disk0=" + file.string()}).status == 0);
    const auto dry = vireo_tool(project, {"run", "--dry-run", "--disk", "disk0=" + file.string()});
    CHECK_THAT(dry.out, Contains("\"read-only\":true"));
}

TEST_CASE("the printed command line runs as it is")
{
    const FakeProject project{verdict};
    const auto dry = vireo_tool(project, {"run", "--dry-run"});
    const auto pasted = run_captured({"sh", "-c", dry.out}, 100s);
    CHECK(pasted.status == 0);
    CHECK(pasted.out == verdict);
    CHECK(pasted.err.empty());
}

TEST_CASE("a guest that hangs is shown with the place of every CPU")
{
    const FakeProject project{std::string{"t=0.001 src=kernel level=info msg=\"boot\"\n"} + '\x01'};
    const auto stuck = vireo_tool(project, {"run", "--timeout", "1"});
    CHECK(stuck.status == 124);
    CHECK_THAT(stuck.err, Contains("cpu 0 at 0x4"));
    CHECK_THAT(stuck.err, Contains("QEMU's stderr: (empty)"));
    REQUIRE(project.run_directories().size() == 1);
}

TEST_CASE("options of the user reach QEMU, and its objections the user")
{
    const FakeProject project{verdict};
    const auto wrong = vireo_tool(project, {"run", "--qemu-opts", "-device no-such-device"});
    CHECK(wrong.status == 125);
    CHECK_THAT(wrong.err, Contains("no-such-device"));
    CHECK(vireo_tool(project, {"run", "--qemu-opts", "-name 'a b'"}).status == 0);
}

TEST_CASE("the debugger is connected to a guest that stands at its first instruction")
{
    if (!program_exists("gdb-multiarch"))
        return;  // an optional package
    const FakeProject project{verdict};
    compile_program(project.root(), project.root() / "build/target/microkernel/kernel.elf");
    compile_program(project.root(), project.root() / "build/target/programs/blkd.elf");
    const auto done = vireo_tool(project, {"debug", "--ex", "info registers pc", "--ex",
                                           "symbols-blkd", "--ex", "info symbol 0x401000"});
    CHECK(done.status == 0);
    CHECK_THAT(done.out, Contains("0x40000000"));
    CHECK_THAT(done.out, Contains("blkd.elf"));
    CHECK_THAT(done.out, Contains("inner in section"));
    CHECK(project.run_directories().empty());
    CHECK(vireo_tool(project, {"debug", "--program", "nobody", "--ex", "quit"}).status == 120);
}
