// run_test.cpp - the program itself: what it prints where, what it leaves behind, and the code it
// ends with. A shell script plays QEMU, so that every ending can be had.
#include "text.hpp"
#include "tool_run.hpp"

#include <chrono>
#include <csignal>
#include <thread>

#include <catch2/catch.hpp>

using namespace vireo;
using namespace vireo::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

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
