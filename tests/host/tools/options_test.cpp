// options_test.cpp - the command line of the tool.
#include "options.hpp"

#include <catch2/catch.hpp>

using namespace vireo;

namespace {

std::variant<Options, int> parse(std::vector<const char*> words)
{
    words.insert(words.begin(), "vireo");
    return parse_options(static_cast<int>(words.size()), words.data());
}

Options good(const std::vector<const char*>& words)
{
    const auto parsed = parse(words);
    REQUIRE(std::holds_alternative<Options>(parsed));
    return std::get<Options>(parsed);
}

int refused(const std::vector<const char*>& words)
{
    const auto parsed = parse(words);
    REQUIRE(std::holds_alternative<int>(parsed));
    return std::get<int>(parsed);
}

}  // namespace

TEST_CASE("run without anything boots the demo")
{
    const auto options = good({"run"});
    CHECK(options.task == Task::run);
    CHECK(options.system.system == "demo");
    CHECK(options.timeout == 60);
    CHECK(options.system.gic == 3);
}

TEST_CASE("options of run are taken in any place, commands in their order")
{
    const auto options = good({"--verbose",
                               "run",
                               "-c",
                               "blk info disk0",
                               "own",
                               "-c",
                               "rand 4",
                               "--disk",
                               "disk0=a,b.img,ro",
                               "--disk",
                               "d=[x,y]",
                               "--timeout",
                               "2.5",
                               "--memory",
                               "64M",
                               "--cpus",
                               "2",
                               "--cpu",
                               "max",
                               "--legacy",
                               "--keep",
                               "--dry-run"});
    CHECK(options.verbose);
    CHECK(options.system.system == "own");
    CHECK(options.system.commands == std::vector<std::string>{"blk info disk0", "rand 4"});
    CHECK(options.system.disks == std::vector<std::string>{"disk0=a,b.img,ro", "d=[x,y]"});
    CHECK(options.timeout == 2.5);
    CHECK(options.system.memory == "64M");
    CHECK(options.system.cpus == 2u);
    CHECK(options.system.cpu == "max");
    CHECK(options.system.legacy);
    CHECK(options.keep);
    CHECK(options.dry_run);
}

TEST_CASE("options for QEMU are split as by a shell")
{
    const auto options =
        good({"run", "--qemu-opts", "-global a.b=c -name 'x y'", "--qemu-opts", "-S"});
    CHECK(options.qemu_opts == std::vector<std::string>{"-global", "a.b=c", "-name", "x y", "-S"});
    CHECK(refused({"run", "--qemu-opts", "'open"}) == 120);
}

TEST_CASE("the other tasks have their own options")
{
    const auto test = good({"test", "blk.*", "--full", "--repeat", "3", "--junit", "out"});
    CHECK(test.task == Task::test);
    CHECK(test.test.filter == "blk.*");
    CHECK(test.test.full);
    CHECK(test.test.repeat == 3);
    CHECK(test.test.junit == "out");
    const auto bench = good({"bench", "--json", "ipc"});
    CHECK(bench.bench.json);
    CHECK(bench.bench.name == "ipc");
    CHECK(good({"debug", "--program", "blkd"}).debug.program == "blkd");
    CHECK(good({"doctor"}).task == Task::doctor);
    CHECK(good({"setup"}).task == Task::setup);
    CHECK(good({"build"}).task == Task::build);
    CHECK(good({"size"}).task == Task::size);
}

TEST_CASE("what cannot be understood is a usage error")
{
    CHECK(refused({}) == 120);
    CHECK(refused({"rnu"}) == 120);
    CHECK(refused({"run", "--bogus"}) == 120);
    CHECK(refused({"run", "a", "b"}) == 120);
    CHECK(refused({"run", "--cpus", "two"}) == 120);
    CHECK(refused({"run", "--timeout", "-1"}) == 120);
    CHECK(refused({"run", "-c"}) == 120);
    CHECK(refused({"test", "--repeat", "0"}) == 120);
}

TEST_CASE("help is no error")
{
    CHECK(refused({"--help"}) == 0);
    CHECK(refused({"run", "--help"}) == 0);
}
