// options_test.cpp - the command line of the tool.
#include "failure.hpp"
#include "options.hpp"

#include <cstdlib>

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

int help(const std::vector<const char*>& words)
{
    const auto parsed = parse(words);
    REQUIRE(std::holds_alternative<int>(parsed));
    return std::get<int>(parsed);
}

Failure refusal(const std::vector<const char*>& words)
{
    try {
        (void)parse(words);
    } catch (const Failure& failure) {
        return failure;
    }
    FAIL("accepted");
    return {Exit::ok, ""};
}

int refused(const std::vector<const char*>& words) { return code(refusal(words).exit()); }

void check_refusal(const std::vector<const char*>& words,
                   const std::string& what,
                   const std::string& fix)
{
    const auto failure = refusal(words);
    CHECK(code(failure.exit()) == 120);
    CHECK(failure.what() == what);
    CHECK(failure.fix() == fix);
}

}  // namespace

TEST_CASE("run without anything boots the demo")
{
    const auto options = good({"run"});
    CHECK(options.task == Task::run);
    CHECK(options.system.system == "demo");
    CHECK(options.timeout == 60);
    CHECK_FALSE(options.system.gic);
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
                               "--rings",
                               "packed=on",
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
    CHECK(options.system.rings == "packed=on");
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
    const auto bench = good({"bench", "--json", "--calls", "5000000", "ipc"});
    CHECK(bench.bench.json);
    CHECK(bench.bench.calls == 5'000'000);
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

TEST_CASE("what cannot be understood is named, and where to read on")
{
    const std::string all = "tools/vireo --help lists all commands";
    const std::string of_run = "tools/vireo run --help lists its arguments";
    check_refusal({}, "a command is missing", all);
    check_refusal({"--keep"}, "a command is missing", all);
    check_refusal({"--version"}, "there is no option '--version'", all);
    check_refusal({"rnu"}, "there is no command 'rnu'; did you mean 'run'?", all);
    check_refusal({"run", "--memori", "64M"},
                  "there is no option '--memori'; did you mean '--memory'?", of_run);
    check_refusal({"run", "--verbos"}, "there is no option '--verbos'; did you mean '--verbose'?",
                  of_run);
    check_refusal({"run", "--xyz=3"}, "there is no option '--xyz'", of_run);
    check_refusal({"run", "a", "b"}, "'b' is one argument too many", of_run);
    check_refusal({"doctor", "b"}, "'b' is one argument too many",
                  "tools/vireo doctor --help lists its arguments");
    check_refusal({"run", "--memory"}, "--memory needs a value", of_run);
    check_refusal({"run", "-c"}, "--command needs a value", of_run);
    check_refusal({"run", "--cpus", "two"}, "--cpus: 'two' is not a whole number", of_run);
    check_refusal({"run", "--cpus", ""}, "--cpus: '' is not a whole number", of_run);
    check_refusal({"run", "--gic", ""}, "--gic: '' is not a whole number", of_run);
    check_refusal({"run", "--timeout", ""}, "--timeout: '' is not a number from 0 to 1000000",
                  of_run);
    check_refusal({"run", "--allow-line", "good", "--allow-line", "("},
                  "cannot read --allow-line (", "");
    check_refusal({"run", "--cpus", "-1"}, "--cpus: '-1' is not a whole number", of_run);
    check_refusal({"run", "--cpus", "1", "--cpus", "2"}, "--cpus is given more than once", of_run);
    check_refusal({"run", "--keep=maybe"}, "--keep takes no value", of_run);
    check_refusal({"run", "--legacy=maybe"}, "--legacy takes no value", of_run);
    check_refusal({"run", "--timeout", "soon"},
                  "--timeout: 'soon' is not a number from 0 to 1000000", of_run);
    check_refusal({"run", "--timeout", "nan"}, "--timeout: 'nan' is not a number from 0 to 1000000",
                  of_run);
    check_refusal({"test", "--repeat", "0"}, "--repeat: '0' is not a number from 1 to 100000",
                  "tools/vireo test --help lists its arguments");
    check_refusal({"run", "--qemu-opts", "'a"}, "--qemu-opts: a quote is not closed: 'a", of_run);
}

TEST_CASE("help is no error")
{
    CHECK(help({"--help"}) == 0);
    CHECK(help({"run", "--help"}) == 0);
}

TEST_CASE("the environment says which machine, where the command line does not")
{
    for (const auto& [name, value] :
         {std::pair{"VIREO_CPUS", "4"}, {"VIREO_GIC", "2"}, {"VIREO_LEGACY", "true"}})
        ::setenv(name, value, 1);
    const auto options = good({"run", "--cpus", "1"});
    const auto bench = good({"bench"});
    ::setenv("VIREO_GIC", "two", 1);
    CHECK(refused({"run"}) == 120);
    for (const auto* name : {"VIREO_CPUS", "VIREO_GIC", "VIREO_LEGACY"})
        ::unsetenv(name);
    CHECK(options.system.cpus == 1u);
    CHECK(options.system.gic == 2u);
    CHECK(options.system.legacy);
    CHECK_FALSE(options.system.cpu);
    CHECK_FALSE(bench.system.gic);
}
