// run_test.cpp - the program itself: what it prints where, what it leaves behind, and the code it
// ends with. A shell script plays QEMU, so that every ending can be had.
#include "fixtures.hpp"
#include "text.hpp"

#include <chrono>
#include <csignal>
#include <thread>

#include <catch2/catch.hpp>

using namespace vireo;
using namespace vireo::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

std::vector<std::string> words(const FakeProject& project,
                               const std::vector<std::string>& arguments)
{
    std::vector<std::string> argv{"env",
                                  "-u",
                                  "VIREO_TARGET_DIR",
                                  "VIREO_ROOT=" + project.root().string(),
                                  "VIREO_NO_BUILD=1",
                                  VIREO_TOOL};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return argv;
}

Captured vireo_tool(const FakeProject& project, const std::vector<std::string>& arguments)
{
    return run_captured(words(project, arguments), 150s);
}

// `run` with a QEMU that is the given script.
Captured
run_with(FakeProject& project, const std::string& script, std::vector<std::string> more = {})
{
    std::vector<std::string> arguments{"run", "--qemu", project.script(script).string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return vireo_tool(project, arguments);
}

// In a script: the word after -D on the command line.
const std::string find_log = "while [ $# -gt 0 ]; do [ \"$1\" = -D ] && log=$2; shift; done\n";

bool gone_soon(pid_t pid)
{
    for (int i = 0; i < 300 && ::kill(pid, 0) == 0; ++i)
        std::this_thread::sleep_for(10ms);
    return ::kill(pid, 0) != 0;
}

pid_t pid_in(const fs::path& file)
{
    for (int i = 0; i < 500 && !fs::exists(file); ++i)
        std::this_thread::sleep_for(10ms);
    return static_cast<pid_t>(std::stoi(read_text(file)));
}

}  // namespace

TEST_CASE("the verdict is the exit code, the log streams to stdout, and nothing is left behind")
{
    FakeProject project;
    const auto good = run_with(project, "echo 't=0.1 src=kernel level=info msg=\"boot\"'\n"
                                        "echo 't=0.2 src=kernel verdict status=0'");
    CHECK(good.status == 0);
    CHECK(good.out
          == "t=0.1 src=kernel level=info msg=\"boot\"\nt=0.2 src=kernel verdict status=0\n");
    CHECK(good.err.empty());
    CHECK(project.run_directories().empty());
    CHECK(run_with(project, "echo 't=0.2 src=kernel verdict status=119'").status == 119);
}

TEST_CASE("a verdict that is not good keeps the run directory and names it")
{
    FakeProject project;
    const auto bad = run_with(project, "echo 't=0.2 src=kernel verdict status=3'");
    CHECK(bad.status == 3);
    REQUIRE(project.run_directories().size() == 1);
    const auto kept = project.run_directories().front();
    CHECK_THAT(bad.err, Contains("run directory, kept: " + kept.string()));
    CHECK(read_text(kept / "serial.log") == "t=0.2 src=kernel verdict status=3\n");
    for (const auto* file :
         {"boot.archive", "command.sh", "qemu.stderr", "disk0.img", "scratch0.img"})
        CHECK(fs::exists(kept / file));
}

TEST_CASE("the option --keep keeps the run directory of a good run")
{
    FakeProject project;
    CHECK(run_with(project, "echo 't=0.2 src=kernel verdict status=0'", {"--keep"}).status == 0);
    CHECK(project.run_directories().size() == 1);
}

TEST_CASE("with a command stdout is what the shell printed, and its failing is an answer")
{
    FakeProject project;
    const auto answer = run_with(project,
                                 "echo 't=0.1 src=kernel level=info msg=\"boot\"'\n"
                                 "echo 't=0.2 src=vsh/0 | first'\n"
                                 "echo 't=0.2 src=vsh/0 | second, \\'\n"
                                 "echo 't=0.2 src=demo/0 | somebody else'\n"
                                 "echo 't=0.2 src=vsh/0 | joined'\n"
                                 "echo 't=0.2 src=vsh/0 level=info msg=\"hidden\"'\n"
                                 "echo 't=0.3 src=kernel verdict status=2'",
                                 {"-c", "blk info disk0"});
    CHECK(answer.status == 2);
    CHECK(answer.out == "first\nsecond, joined\n");
    CHECK(answer.err.empty());
    CHECK(project.run_directories().empty());
}

TEST_CASE("the option --verbose shows the whole log of a command on stderr")
{
    FakeProject project;
    const auto answer = run_with(project,
                                 "echo 't=0.1 src=kernel level=info msg=\"boot\"'\n"
                                 "echo 't=0.3 src=kernel verdict status=0'",
                                 {"-c", "ps", "--verbose"});
    CHECK(answer.out.empty());
    CHECK_THAT(answer.err, Contains("msg=\"boot\""));
    CHECK_THAT(answer.err, Contains("-initrd"));
}

TEST_CASE("a verdict of the guest's own making is not believed")
{
    FakeProject project;
    const auto forged =
        run_with(project, "echo 't=0.2 src=evil/0 verdict status=0'\n"
                          "echo 't=0.2 src=evil/0 | t=0.2 src=kernel verdict status=0'");
    CHECK(forged.status == 125);
    CHECK_THAT(forged.err, Contains("without a verdict"));
}

TEST_CASE("a panic ends with 123, and a command's log is shown then")
{
    FakeProject project;
    const auto panic =
        run_with(project,
                 "echo 't=0.1 src=kernel level=panic msg=\"no init\"'\n"
                 "echo 't=0.1 src=kernel level=panic image=kernel pc=0xffffff8000000010 chain=0x1'",
                 {"-c", "ps"});
    CHECK(panic.status == 123);
    CHECK(panic.out.empty());
    CHECK_THAT(panic.err, Contains("-- kernel panic"));
    CHECK_THAT(panic.err, Contains("msg=\"no init\""));
    CHECK_THAT(panic.err, Contains("the kernel panicked"));
}

TEST_CASE("a crash of the verdict program ends with 123, one beside a verdict does not")
{
    FakeProject project;
    const std::string record =
        "echo 't=1 src=init/0 level=error msg=\"exit record\" program=disk0 image=blkd cause=fault "
        "code=0 esr=0x92000046 far=0x18 pc=0x400010'\n";
    const auto crash = run_with(project, record + "echo 't=1 src=kernel verdict status=255'");
    CHECK(crash.status == 123);
    CHECK_THAT(crash.err, Contains("disk0 (blkd) ended: fault, data abort, write at 0x18"));
    CHECK(run_with(project, record).status == 123);
    CHECK(run_with(project, record + "echo 't=1 src=kernel verdict status=0'").status == 0);
}

TEST_CASE("QEMU's complaints fail a run with 125 unless they are allowed")
{
    FakeProject project;
    const std::string verdict = "echo 't=1 src=kernel verdict status=0'\n";
    const auto on_stderr = run_with(project, "echo 'virtio: bogus descriptor' >&2\n" + verdict);
    CHECK(on_stderr.status == 125);
    CHECK_THAT(on_stderr.err, Contains("qemu: virtio: bogus descriptor"));
    const auto in_log =
        run_with(project, find_log + "echo 'Invalid write at addr 0x0' >$log\n" + verdict);
    CHECK(in_log.status == 125);
    CHECK_THAT(in_log.err, Contains("qemu: Invalid write at addr 0x0"));
    CHECK(run_with(project, "echo 'virtio: bogus descriptor' >&2\n" + verdict,
                   {"--allow-line", "^virtio: bogus"})
              .status
          == 0);
}

TEST_CASE("what a driver did wrong fails a good verdict, unless it is allowed or not looked at")
{
    FakeProject project;
    const auto script =
        find_log
        + "echo \"memory_region_ops_write cpu 0 mr 0x1 addr 0xa000070 value 0x1 size 4 name "
          "'virtio-mmio'\" >$log\necho 't=0.2 src=kernel verdict status=0'";
    const auto wrong = run_with(project, script);
    CHECK(wrong.status == 125);
    CHECK_THAT(wrong.err, Contains("monitor: virtio: probe (virtio 1.2, 4.2.3.1.1)"));
    CHECK(!wrong.err.contains("qemu: "));
    CHECK(run_with(project, script, {"--allow-line", "^virtio: probe"}).status == 0);
    CHECK(run_with(project, script, {"--no-monitor"}).status == 125);  // a line that nobody reads
}

TEST_CASE("a log without any access fails the run: then nothing was monitored")
{
    FakeProject project;
    const auto blind =
        run_with(project, find_log + "touch $log\necho 't=0.2 src=kernel verdict status=0'");
    CHECK(blind.status == 125);
    CHECK_THAT(blind.err, Contains("qemu: no access to a device was traced"));
}

TEST_CASE("an expression that cannot be read is found before anything starts")
{
    FakeProject project;
    const auto started = project.root() / "started";
    const auto script = "touch " + started.string() + "; echo 't=1 src=kernel verdict status=0'";
    const auto refused = run_with(project, script, {"--allow-line", "("});
    CHECK(refused.status == 120);
    CHECK_THAT(refused.err, Contains("cannot read --allow-line ("));
    CHECK_FALSE(fs::exists(started));
    CHECK(project.run_directories().empty());
}

TEST_CASE("a run whose reader goes away ends with 141, without a word, and leaves nothing behind")
{
    FakeProject project;
    const auto pid = project.root() / "pid";
    const auto script = project.script("echo $$ >" + pid.string()
                                       + "\nwhile true; do echo 't=1 src=a/0 | x'; done");
    std::string line;
    for (const auto& word : words(project, {"run", "--qemu", script.string()}))
        line += shell_quote(word) + " ";
    const auto done =
        run_captured({"bash", "-c", line + "| head -n 1; echo ${PIPESTATUS[0]}"}, 100s);
    CHECK(done.out == "t=1 src=a/0 | x\n141\n");
    CHECK(done.err.empty());
    CHECK(gone_soon(pid_in(pid)));
    CHECK(project.run_directories().empty());
}

TEST_CASE("output that cannot be written is an error of the environment")
{
    FakeProject project;
    const auto script = project.script("echo 't=1 src=kernel verdict status=0'");
    std::string line;
    for (const auto& word : words(project, {"run", "--qemu", script.string()}))
        line += shell_quote(word) + " ";
    const auto full = run_captured({"bash", "-c", line + ">/dev/full"}, 100s);
    CHECK(full.status == 121);
    CHECK(full.err == "vireo: error: cannot print: No space left on device\n");
    const auto closed = run_captured({"bash", "-c", line + ">&-"}, 100s);
    CHECK(closed.status == 121);
    CHECK(closed.err == "vireo: error: cannot print: Bad file descriptor\n");
    CHECK(project.run_directories().empty());
}

TEST_CASE("a QEMU that fails ends the run with 125 and its stderr")
{
    FakeProject project;
    const auto failed = run_with(project, "echo 'no such machine' >&2; exit 1");
    CHECK(failed.status == 125);
    CHECK_THAT(failed.err, Contains("qemu: no such machine"));
    CHECK(run_with(project, "echo 't=1 src=kernel verdict status=0'; kill -SEGV $$").status == 125);
}

TEST_CASE("a QEMU that is not there is an error of the environment")
{
    FakeProject project;
    const auto missing = vireo_tool(project, {"run", "--qemu", "/no/such/qemu"});
    CHECK(missing.status == 121);
    CHECK_THAT(missing.err, Contains("cannot start /no/such/qemu"));
    CHECK(project.run_directories().empty());
}

TEST_CASE("a run without progress ends with 124, however often it made some before")
{
    FakeProject project;
    const auto stuck =
        run_with(project,
                 "for i in 1 2 3 4 5 6; do echo \"t=$i src=a/0 | x\"; sleep 0.4; done\n"
                 "echo 'a word on stderr' >&2; sleep 100",
                 {"--timeout", "1"});
    CHECK(stuck.status == 124);
    CHECK(lines_of(stuck.out).size() == 6);
    CHECK_THAT(stuck.err, Contains("no output of the guest for 1 s"));
    CHECK_THAT(stuck.err, Contains("a word on stderr"));
}

TEST_CASE("QEMU does not outlive a tool that is killed")
{
    FakeProject project;
    const auto file = project.root() / "pid";
    pid_t qemu = 0;
    {
        const auto script = project.script("echo $$ >" + file.string() + ".new; mv " + file.string()
                                           + ".new " + file.string() + "; exec sleep 100");
        Child tool{{.argv = words(project, {"run", "--qemu", script.string()})}};
        qemu = pid_in(file);
        CHECK(::kill(qemu, 0) == 0);
        tool.kill();
    }
    CHECK(gone_soon(qemu));
}

TEST_CASE("Ctrl-C ends QEMU and the run, with 130")
{
    FakeProject project;
    const auto file = project.root() / "pid";
    const auto script =
        project.script("echo $PPID $$ >" + file.string() + ".new; mv " + file.string() + ".new "
                       + file.string() + "; trap '' INT TERM; sleep 100");
    Child tool{{.argv = words(project, {"run", "--qemu", script.string()})}};
    const auto parent = pid_in(file);
    const auto qemu =
        static_cast<pid_t>(std::stoi(read_text(file).substr(std::to_string(parent).size())));
    ::kill(parent, SIGINT);
    CHECK(tool.wait() == 130);
    CHECK(gone_soon(qemu));
    CHECK(project.run_directories().empty());
}

TEST_CASE("the option --dry-run prints a command line whose files exist, and starts nothing")
{
    FakeProject project;
    const auto dry =
        run_with(project, "touch " + (project.root() / "started").string(), {"--dry-run"});
    CHECK(dry.status == 0);
    CHECK_FALSE(fs::exists(project.root() / "started"));
    auto printed = dry.out;
    for (auto at = printed.find("\\\n"); at != std::string::npos; at = printed.find("\\\n"))
        printed.erase(at, 2);
    const auto line = shell_words(printed);
    REQUIRE(line);
    for (usize i = 0; i + 1 < line->size(); ++i)
        if ((*line)[i] == "-kernel" || (*line)[i] == "-initrd")
            CHECK(fs::exists((*line)[i + 1]));
    REQUIRE(project.run_directories().size() == 1);
    CHECK(fs::file_size(project.run_directories().front() / "disk0.img") == u64{1} << 20);
}

TEST_CASE("dry runs of one system share a directory, and what was printed last can be run")
{
    FakeProject project;
    const auto dry = [&] { return run_with(project, "true", {"--dry-run", "-c", "ps"}).out; };
    const auto first = dry();
    CHECK(first == dry());
    CHECK(project.run_directories().size() == 1);
    CHECK(run_with(project, "true", {"--dry-run", "--keep"}).status == 0);
    REQUIRE(project.run_directories().size() == 1);
    CHECK_THAT(first, Contains(project.run_directories().front().string() + "/boot.archive"));
}

TEST_CASE("the option --gic chooses the interrupt controller")
{
    FakeProject project;
    const auto command_line = [&](const std::vector<std::string>& more) {
        return run_with(project, "true", more).out;
    };
    CHECK_THAT(command_line({"--dry-run"}), Contains("gic-version=3"));
    CHECK_THAT(command_line({"--dry-run", "--gic", "2"}), Contains("gic-version=2"));
}

TEST_CASE("mistakes in a system file end with 120 and their place")
{
    FakeProject project;
    project.system("own", "[system]\nname = \"own\"\n\n[app.a]\nbianry = \"demo\"\n");
    const auto wrong = vireo_tool(project, {"run", "own"});
    CHECK(wrong.status == 120);
    CHECK_THAT(
        wrong.err,
        Contains("own.toml:5:1: error: unknown key 'bianry' in [app.a]; did you mean 'binary'?"));
    project.system("own", "[system]\nname = \"own\"\n[app.a]\nbinary = \"dmeo\"\n");
    CHECK_THAT(vireo_tool(project, {"run", "own"}).err,
               Contains("there is no program 'dmeo'; did you mean 'demo'?"));
    CHECK_THAT(vireo_tool(project, {"run", "onw"}).err, Contains("did you mean 'own'?"));
    CHECK_THAT(vireo_tool(project, {"run", "own.toml"}).err,
               Contains("there is no file own.toml") && Contains("fix: tools/vireo run own"));
    CHECK_THAT(vireo_tool(project, {"run", "other.toml"}).err,
               Contains("it was looked for in " + fs::current_path().string()));
}

TEST_CASE("a system that nothing ends is refused before QEMU starts")
{
    FakeProject project;
    const auto started = project.root() / "started";
    const auto system = [&](const std::string& app) {
        project.system("own", "[system]\nname = \"own\"\n[app.a]\nbinary = \"demo\"\n" + app);
    };
    const auto run = [&](std::vector<std::string> more) {
        more.insert(more.begin(), "own");
        return run_with(project,
                        "touch " + started.string() + "; echo 't=1 src=kernel verdict status=0'",
                        more);
    };
    system("start = \"shell\"\n");
    const auto shell = run({});
    CHECK(shell.status == 120);
    CHECK(shell.err
          == "vireo: error: a run of system 'own' would never end\n"
             "   why: its shell runs only with commands, and no app gives a verdict\n"
             "   fix: tools/vireo run own -c help\n");
    CHECK(run({"--dry-run"}).status == 120);
    CHECK_FALSE(fs::exists(started));
    CHECK(run({"-c", "help"}).status == 0);
    CHECK(fs::exists(started));
    CHECK(run({"--timeout", "0"}).status == 0);

    system("");
    const auto endless = run({});
    CHECK(endless.status == 120);
    CHECK_THAT(endless.err,
               Contains("none of its programs gives the verdict") && Contains("verdict = true"));
    system("verdict = true\n");
    CHECK(run({}).status == 0);
}

TEST_CASE("a command line that CLI11 refuses is an error like every other")
{
    FakeProject project;
    const auto refused = vireo_tool(project, {"run", "--bogus"});
    CHECK(refused.status == 120);
    CHECK(refused.out.empty());
    CHECK(refused.err
          == "vireo: error: there is no option '--bogus'\n"
             "   fix: tools/vireo run --help lists its arguments\n");
}

TEST_CASE("options that cannot be fulfilled are clear errors")
{
    FakeProject project;
    const auto refused = [&](const std::vector<std::string>& more) {
        std::vector<std::string> arguments{"run"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return vireo_tool(project, arguments);
    };
    CHECK(refused({"--gic", "1"}).status == 120);
    CHECK(refused({"--gic", "4"}).status == 120);
    CHECK_THAT(refused({"--gic", "4"}).err, Contains("there is no GIC version 4"));
    CHECK(refused({"--cpus", "9"}).status == 120);
    CHECK(refused({"--cpus", "0"}).status == 120);
    CHECK(refused({"--memory", "63M"}).status == 120);
    CHECK(refused({"--memory", "256"}).status == 120);
    CHECK_THAT(refused({"--memory", "66048K"}).err, Contains("whole megabytes"));
    CHECK_THAT(refused({"--memory", "67108865"}).err, Contains("whole megabytes"));
    CHECK(refused({"--dry-run", "--memory", "66560K"}).status == 0);
    CHECK_THAT(refused({"--cpu", "cortex-a15"}).err, Contains("there is no 64-bit CPU"));
    for (const std::string cpu : {"", "nope", "host"})
        CHECK(refused({"--cpu", cpu}).status == 120);
    CHECK(refused({"--disk", "disk0"}).status == 120);
    CHECK(refused({"--disk", "disk0=/no/such/file"}).status == 121);
    CHECK(refused({"--disk", "scratch0=/no/such/file"}).status == 120);
    CHECK(refused({"-c", std::string(5000, 'x')}).status == 120);
}

TEST_CASE("what programs may own must fit the memory of the command line, to the last frame")
{
    FakeProject project;
    const auto with_frames = [&](u32 frames) {
        project.system("own", "[system]\nname = \"own\"\n[app.a]\nbinary = \"demo\"\nverdict = "
                              "true\nframes = "
                                  + std::to_string(frames) + "\n");
        return vireo_tool(project, {"--dry-run", "run", "own", "--memory", "64M"});
    };
    CHECK(with_frames(16384).status == 0);
    const auto one_more = with_frames(16385);
    CHECK(one_more.status == 120);
    CHECK_THAT(one_more.err, Contains("system 'own' does not fit 64M of memory")
                                 && Contains("own 16385 frames together, the machine has 16384"));
}

TEST_CASE("what is not built is said to be so")
{
    FakeProject project;
    fs::remove(project.root() / "build/target/microkernel/Image");
    const auto missing = vireo_tool(project, {"run"});
    CHECK(missing.status == 122);
    CHECK_THAT(missing.err, Contains("the kernel is not built"));
    fs::remove_all(project.root() / "build/target/programs");
    const auto nothing = vireo_tool(project, {"run"});
    CHECK(nothing.status == 122);
    CHECK_THAT(nothing.err, Contains("no program is built") && Contains("fix: tools/vireo build"));
}

TEST_CASE("a comparison without the other system says what is missing, and where to look")
{
    FakeProject project;
    fs::create_directories(project.root() / "tools/linux");
    const auto script = project.root() / "tools/linux/prepare";
    write_file(script, std::string_view{"#!/bin/sh\necho 'no network' >&2\nexit 121\n"});
    fs::permissions(script, fs::perms::owner_all);
    const auto bench = vireo_tool(project, {"bench", "--against", "linux"});
    CHECK(bench.status == 121);
    CHECK_THAT(bench.err, Contains("error: there is no Linux to compare with")
                              && Contains("why: no network") && Contains("tools/linux/prepare"));
    CHECK(vireo_tool(project, {"bench", "--against", "minix"}).status == 120);
    CHECK(vireo_tool(project, {"bench", "--runs", "2"}).status == 120);
}

TEST_CASE("a bench without an instruction counter prints no figures")
{
    FakeProject project;
    project.system("bench", system_text());
    write_file(project.root() / "tests/budgets.toml",
               std::string_view{"[limits]\n\"sys.null\" = { insn = 60 }\n"});
    const auto bench = [&](const std::string& region, std::vector<std::string> more) {
        const auto script =
            project.script("echo 't=1 src=vsh/0 | PB-HELLO'\necho 't=1 src=vsh/0 | " + region
                           + "'\necho 't=1 src=vsh/0 | PB-DONE'\n"
                             "echo 't=1 src=kernel verdict status=0'");
        std::vector<std::string> arguments{"bench", "sys", "--qemu", script.string()};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return vireo_tool(project, arguments);
    };
    const auto blind = bench("RES 0 sys.null n=10 ns=5 insn=0", {});
    CHECK(blind.status == 121);
    CHECK(blind.out.empty());
    CHECK_THAT(blind.err, Contains("no instruction counter"));

    const auto good = bench("RES 0 sys.null n=10 ns=5 insn=590 exceptions=10", {"--json"});
    CHECK(good.status == 0);
    CHECK_THAT(
        good.out,
        Contains(R"({"name":"sys.null","metric":"insn","value":59.0,"n":10,"budget":60.0})"));
    const auto exceeded = bench("RES 0 sys.null n=10 ns=5 insn=610", {});
    CHECK(exceeded.status == 1);
    CHECK_THAT(exceeded.out, Contains("EXCEEDED"));
    CHECK(bench("RES 0 sys.other n=10 insn=610", {}).status == 1);
    const auto nothing = bench("RES 0 ipc.call n=10 insn=610", {});
    CHECK(nothing.status == 120);
    CHECK_THAT(nothing.err, Contains("starts with 'sys'") && Contains("measured were: ipc.call"));
}
