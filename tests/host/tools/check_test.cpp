// check_test.cpp - what must hold between the parts of a system.
#include "check.hpp"
#include "fixtures.hpp"

#include <catch2/catch.hpp>

using namespace vireo;
using namespace vireo::test;
using Catch::Matchers::Contains;

namespace {

std::string with(const std::string& more) { return errors_in(system_text(more)); }

}  // namespace

TEST_CASE("names are short, lower case, start with a letter, and are not the log's own")
{
    const auto app = [](const std::string& name) {
        return with("[app.\"" + name + "\"]\nbinary = \"a\"\n");
    };
    CHECK(app("a").empty());
    CHECK(app("a-b_c9").empty());
    CHECK(app("fifteen-letters").empty());
    CHECK_THAT(app("sixteen-letters-"), Contains("1 to 15 characters"));
    CHECK_THAT(app(""), Contains("1 to 15 characters"));
    CHECK_THAT(app("Big"), Contains("a-z 0-9 _ -"));
    CHECK_THAT(app("9lives"), Contains("starts with a letter"));
    CHECK_THAT(app("a/b"), Contains("a-z 0-9 _ -"));
    CHECK_THAT(app("kernel"), Contains("not a name"));
    CHECK_THAT(app("init"), Contains("not a name"));
}

TEST_CASE("a server and an app cannot share a name")
{
    CHECK_THAT(with("[app.disk0]\nbinary = \"a\"\n"), Contains("'disk0' is a server and an app"));
}

TEST_CASE("two devices cannot share a slot")
{
    const std::string device = "type = \"virtio-keyboard\"\nslot = 5\n";
    CHECK(with("[device.a]\n" + device).empty());
    CHECK_THAT(with("[device.a]\n" + device + "[device.b]\n" + device),
               Contains("slot 5 is taken by 'a' already"));
    CHECK_THAT(with("[device.a]\ntype = \"virtio-net\"\nslot = 32\n"),
               Contains("must be from 0 to 31"));
}

TEST_CASE("a server is named as its device, which exists and is its alone")
{
    CHECK_THAT(with("[server.x]\nbinary = \"a\"\ndevice = \"rng9\"\n"),
               Contains("there is no device 'rng9'; did you mean 'rng0'?"));
    CHECK_THAT(with("[server.x]\nbinary = \"a\"\ndevice = \"rng0\"\n"),
               Contains("must be [server.rng0]"));
    CHECK_THAT(with("[app.x]\nbinary = \"a\"\ndevice = \"disk0\"\n"),
               Contains("belongs to 'disk0' already"));
    CHECK(with("[app.x]\nbinary = \"a\"\ndevice = \"rng0\"\n").empty());
}

TEST_CASE("a used service exists")
{
    CHECK_THAT(with("[app.x]\nbinary = \"a\"\nuses = [\"dsik0\"]\n"),
               Contains("there is no service 'dsik0'; did you mean 'disk0'?"));
    CHECK_THAT(with("[app.x]\nbinary = \"a\"\nuses = [\"demo\"]\n"),
               Contains("there is no service 'demo'"));
}

TEST_CASE("more than eight services are too many for the table")
{
    std::string more;
    std::string uses;
    for (int i = 0; i < 9; ++i) {
        more += "[server.s" + std::to_string(i) + "]\nbinary = \"a\"\n";
        uses += "\"s" + std::to_string(i) + "\", ";
    }
    CHECK_THAT(with(more + "[app.x]\nbinary = \"a\"\nuses = [" + uses + "]\n"),
               Contains("more than 8 services"));
}

TEST_CASE("a server stands at least as high as its clients")
{
    CHECK(with("[app.x]\nbinary = \"a\"\npriority = 40\nuses = [\"disk0\"]\n").empty());
    CHECK_THAT(with("[app.x]\nbinary = \"a\"\npriority = 41\nuses = [\"disk0\"]\n"),
               Contains("'x' has priority 41, above its server 'disk0' with 40"));
}

TEST_CASE("servers cannot use each other in a circle")
{
    CHECK_THAT(with("[server.a]\nbinary = \"x\"\nuses = [\"a\"]\n"), Contains("'a' uses itself"));
    const auto circle = with(
        "[server.a]\nbinary = \"x\"\nuses = [\"b\"]\n[server.b]\nbinary = \"x\"\nuses = [\"c\"]\n"
        "[server.c]\nbinary = \"x\"\nuses = [\"a\"]\n");
    CHECK_THAT(circle, Contains("uses itself, directly or through others"));
    CHECK(with("[server.a]\nbinary = \"x\"\nuses = [\"b\", \"c\"]\n[server.b]\nbinary = "
               "\"x\"\nuses = [\"c\"]\n"
               "[server.c]\nbinary = \"x\"\nuses = [\"disk0\"]\n")
              .empty());
}

TEST_CASE("one program gives the verdict, and one is the shell")
{
    CHECK_THAT(with("[app.x]\nbinary = \"a\"\nverdict = true\n"),
               Contains("'demo' gives the verdict already"));
    CHECK_THAT(with("[app.x]\nbinary = \"a\"\nstart = \"shell\"\n"),
               Contains("'vsh' is the shell already"));
}

TEST_CASE("arguments fit the start-up page")
{
    const auto app = [](usize bytes) {
        return with("[app.x]\nbinary = \"a\"\narguments = [\"" + std::string(bytes, 'y') + "\"]\n");
    };
    CHECK(app(argument_limit - 1).empty());
    CHECK_THAT(app(argument_limit), Contains("the arguments take more than"));
}

TEST_CASE("a stack leaves at least one frame of its program's for something else")
{
    const auto app = [](const std::string& stack) {
        return with("[app.x]\nbinary = \"a\"\nframes = 16\nstack = \"" + stack + "\"\n");
    };
    CHECK(app("60K").empty());
    CHECK_THAT(app("64K"), Contains("the stack does not fit the 16 frames of 'x'"));
    CHECK_THAT(app("68K"), Contains("the stack does not fit the 16 frames of 'x'"));
}

TEST_CASE("a CPU is one of 64 bits that QEMU's virt machine can have")
{
    for (const std::string good : {"max", "cortex-a53", "cortex-a72", "max,pauth=off,sve=off"})
        CHECK(wrong_cpu(good).empty());
    CHECK(wrong_cpu("cortex-a15")
          == "there is no 64-bit CPU 'cortex-a15'; did you mean 'cortex-a35'?");
    for (const std::string wrong : {"", "host", "nope", "cortex-a7", "max max", ",max"})
        CHECK_THAT(wrong_cpu(wrong), Contains("there is no 64-bit CPU '"));
}

TEST_CASE("programs cannot be promised more memory than there is")
{
    CHECK_THAT(with("[app.x]\nbinary = \"a\"\nframes = 65536\n"),
               Contains("the machine has 65536"));
    // The other three have 1024 each.
    CHECK(with("[app.x]\nbinary = \"a\"\nframes = 62464\n").empty());
    CHECK_THAT(with("[app.x]\nbinary = \"a\"\nframes = 62465\n"),
               Contains("own 65537 frames together, the machine has 65536"));
}

TEST_CASE("limits of the table are limits of a file")
{
    std::string devices;
    for (int i = 0; i < 30; ++i)
        devices += "[device.d" + std::to_string(i) + "]\ntype = \"virtio-rng\"\n";
    CHECK_THAT(with(devices), Contains("more than 32 devices"));
    std::string apps;
    for (int i = 0; i < 30; ++i)
        apps += "[app.a" + std::to_string(i) + "]\nbinary = \"a\"\n";
    CHECK_THAT(with(apps), Contains("more than 32 programs"));
}

TEST_CASE("an image that is not built is named with the likely one")
{
    const auto system = parse_system(system_text(), "x.toml");
    Diagnostics errors{"x.toml", system_text()};
    check_binaries(system, {"blkd", "demo", "init", "vsh"}, errors);
    CHECK_FALSE(errors.any());
    check_binaries(system, {"blkdd", "demo", "vsh"}, errors);
    CHECK_THAT(errors.text(),
               Contains("x.toml:17:10: error: there is no program 'blkd'; did you mean 'blkdd'?"));
}
