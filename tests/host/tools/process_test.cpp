// process_test.cpp - programs that the tool starts, and that none of them stays.
#include "failure.hpp"
#include "fixtures.hpp"
#include "qmp.hpp"

#include <chrono>
#include <csignal>
#include <thread>

#include <catch2/catch.hpp>

using namespace vireo;
using namespace vireo::test;
using namespace std::chrono_literals;

namespace {

bool alive(pid_t pid) { return ::kill(pid, 0) == 0; }

bool gone_soon(pid_t pid)
{
    for (int i = 0; i < 200 && alive(pid); ++i)
        std::this_thread::sleep_for(10ms);
    return !alive(pid);
}

std::string read_some(Child& child)
{
    std::string text;
    const auto end = Clock::now() + 300ms;
    (void)pump(child, {.out = [&](std::string_view more) { text += more; },
                       .deadline = [=] { return end; }});
    return text;
}

}  // namespace

TEST_CASE("output, errors and status of a program are told apart")
{
    const auto done = run_captured({"sh", "-c", "echo out; echo err >&2; exit 7"}, 10s);
    CHECK(done.out == "out\n");
    CHECK(done.err == "err\n");
    CHECK(done.status == 7);
    CHECK(run_captured({"sh", "-c", "kill -9 $$"}, 10s).status == 128 + 9);
}

TEST_CASE("large output on both streams at once does not block")
{
    const auto done = run_captured(
        {"sh", "-c", "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2"}, 100s);
    CHECK(done.out.size() == 3'000'000);
    CHECK(done.err.size() == 3'000'000);
}

TEST_CASE("a program that cannot be started is an error of the environment that says why")
{
    try {
        (void)run_captured({"/no/such/program"}, 10s);
        FAIL("it started");
    } catch (const Failure& failure) {
        CHECK(failure.exit() == Exit::environment);
        CHECK(failure.why() == "No such file or directory");
    }
    CHECK_FALSE(program_exists("/no/such/program"));
    CHECK_FALSE(program_exists("no-such-program-here"));
    CHECK(program_exists("sh"));
    CHECK(program_exists("/bin/sh"));
}

TEST_CASE("a program past its limit is ended")
{
    const auto before = Clock::now();
    CHECK_THROWS_AS(run_captured({"sleep", "100"}, 1s), Failure);
    CHECK(Clock::now() - before < 10s);
}

TEST_CASE("a limit holds for a program that never stops talking, too")
{
    CHECK_THROWS_AS(run_captured({"yes"}, 1s), Failure);
}

TEST_CASE("a child ends with its owner, and what it started ends with it")
{
    pid_t grandchild = 0;
    {
        Child child{{.argv = {"sh", "-c", "sleep 100 & echo $!; wait"}}};
        grandchild = std::stoi(read_some(child));
        CHECK(alive(grandchild));
    }
    CHECK(gone_soon(grandchild));
}

TEST_CASE("a child that does not want to stop is stopped")
{
    Child child{{.argv = {"sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"}}};
    CHECK(read_some(child) == "ready\n");
    child.stop(100ms);
    CHECK(child.wait() == 128 + SIGKILL);
}

TEST_CASE("a child runs where it is told to, without a terminal to read from")
{
    const TempDir dir;
    Child child{{.argv = {"sh", "-c", "pwd; cat"}, .directory = dir.path()}};
    CHECK(read_some(child) == fs::canonical(dir.path()).string() + "\n");
    CHECK(child.wait() == 0);
}

TEST_CASE("registers of all CPUs are read from the monitor's text")
{
    const auto cpus = parse_registers(
        "\r\nCPU#0\r\n PC=ffffff8040200a34 X00=0000000000000000 X01=1\r\n"
        "X30=ffffff8040200100  SP=0\r\n\r\nCPU#1\r\n PC=0000000000401a3c X30=00000000004000f0\r\n");
    REQUIRE(cpus.size() == 2);
    CHECK(cpus[0].pc == 0xffffff8040200a34);
    CHECK(cpus[0].link == 0xffffff8040200100);
    CHECK(cpus[1].cpu == 1);
    CHECK(cpus[1].pc == 0x401a3c);
    CHECK(parse_registers("").empty());
}

TEST_CASE("a QEMU that does not answer is given up")
{
    const TempDir dir;
    CHECK_FALSE(Qmp::connect(dir / "none", 100ms));
}

TEST_CASE("a run directory goes with its run unless it is kept")
{
    const TempDir dir;
    fs::path gone;
    fs::path kept;
    {
        const RunDirectory first{dir.path(), "demo"};
        RunDirectory second{dir.path(), "demo"};
        gone = first.path();
        kept = second.path();
        second.keep();
        CHECK(gone != kept);
        CHECK(fs::exists(gone));
    }
    CHECK_FALSE(fs::exists(gone));
    CHECK(fs::exists(kept));
}

TEST_CASE("sockets of a deep run directory go to a place with a short name")
{
    const TempDir dir;
    fs::path sockets;
    {
        const RunDirectory deep{dir / std::string(120, 'x'), "demo"};
        sockets = deep.sockets();
        CHECK(sockets != deep.path());
        CHECK((sockets / "qmp").string().size() < 108);
    }
    CHECK_FALSE(fs::exists(sockets));
}
