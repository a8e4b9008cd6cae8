// debug_test.cpp - `debug` on the real image: commands of gdb that know the kernel's objects.
#include <regex>

#include <catch2/catch.hpp>
#include <cli/tool.hpp>

using namespace cli;
using Catch::Matchers::Contains;

namespace {

// The demo, stopped where a call of its last program has begun, with the servers asleep.
Ran stopped_demo(const Words& commands)
{
    Words words{"debug", "--ex", "tbreak kernel::sys_system_off", "--ex", "continue"};
    for (const auto& command : commands)
        words = words + Words{"--ex", command};
    return vireo(words);
}

bool has_line(const Ran& ran, const std::string& pattern)
{
    return std::regex_search(ran.out, std::regex{"(^|\n)" + pattern + "\n"});
}

// An optional package.
bool no_debugger() { return program({"sh", "-c", "command -v gdb-multiarch"}).status != 0; }

}  // namespace

TEST_CASE("gdb shows processes, their threads and what these wait for")
{
    if (no_debugger())
        return;
    const auto shown = stopped_demo({"ps"});
    CHECK(shown.status == 0);
    CHECK(has_line(shown, "init +running .*handles \\d+, frames \\d+/\\d+"));
    CHECK(has_line(shown, "  init\\.0 +running +63 +\\d"));
    for (const std::string server : {"disk0", "scratch0", "rng0"}) {
        CHECK(has_line(shown, server + " +running .*"));
        CHECK(has_line(shown, "  " + server + "\\.0 +receiving +40 +\\d+  endpoint 0x[0-9a-f]+"));
    }
}

TEST_CASE("gdb shows handles, endpoints and notifications")
{
    if (no_debugger())
        return;
    const auto shown = stopped_demo({"handles disk0", "endpoints", "notifications"});
    CHECK(has_line(shown, " +\\d+ device +1 +0x[0-9a-f]+  0x[0-9a-f]+"));
    CHECK(has_line(shown, "0x[0-9a-f]+ +1 1 +disk0\\.0 +- +disk0, init"));
    CHECK(has_line(shown, "0x[0-9a-f]+ +0x0 - +rng0\\.0 +init, rng0"));
    CHECK_THAT(stopped_demo({"handles nobody"}).err, Contains("there is no process 'nobody'"));
}

TEST_CASE("gdb finds the program by the address space of the CPU, and the rings in its globals")
{
    if (no_debugger())
        return;
    const auto shown = stopped_demo({"symbols", "rings disk0", "rings rng0"});
    CHECK(has_line(shown, "symbols of init for init"));
    CHECK(has_line(
        shown, "disk\\.driver_\\S*ring_ +virtio::Ring +offered=\\d+ .*size=\\d+ .*fault=none .*"));
    CHECK(has_line(shown, "symbols of rngd for rng0"));
    CHECK_THAT(shown.out, Contains("no ring in the globals of rngd"));
}

TEST_CASE("gdb says that there is no process where the first one is not made yet")
{
    if (no_debugger())
        return;
    CHECK_THAT(vireo({"debug", "--ex", "ps"}).err, Contains("there is no process yet"));
}
