// prompt_test.cpp - `tools/vireo run` at a terminal, and with commands from a pipe.
#include <csignal>

#include <catch2/catch.hpp>
#include <cli/terminal.hpp>

using namespace cli;
using Catch::Matchers::Contains;

namespace {

const std::string prompt = "vireo> \x1b[K";

// The demo's lines are through, and the prompt is below them.
void await_prompt(Terminal& terminal)
{
    terminal.wait_for("msg=\"exited\" program=demo code=0");
    terminal.wait_for(prompt);
}

}  // namespace

TEST_CASE("run ends at a prompt, where commands are typed, changed and found again")
{
    Terminal terminal{{"run"}};
    await_prompt(terminal);
    CHECK_FALSE(terminal.as_before());
    terminal.type("rnad 4\x1b[D\x1b[D\x1b[D\x1b[D\x7f\x1b[C"
                  "n\x05 \x7f\r");
    terminal.wait_for("vireo> rand 4\x1b[K\r\r\n");
    CHECK(terminal.wait_for(prompt).find_first_of("0123456789abcdef") != std::string::npos);

    terminal.type("bl\tinf\t\t");
    terminal.wait_for("disk0  scratch0  ");
    terminal.wait_for("vireo> blk info \x1b[K");
    terminal.type("di\t\r");
    terminal.wait_for("131072 sectors");
    terminal.wait_for(prompt);

    terminal.type("\x1b[A\x1b[A\r");
    terminal.wait_for("vireo> rand 4\x1b[K\r\r\n");
    terminal.wait_for(prompt);
    terminal.type("no such\r");
    terminal.wait_for("vsh: unknown command: no (try: help)");
    terminal.wait_for("vireo[2]> ");
    terminal.type("poweroff\r");
    CHECK(terminal.end() == 0);
    CHECK(terminal.as_before());
    CHECK_THAT(terminal.shown(), Contains("src=kernel verdict status=0"));
}

TEST_CASE("lines of the log go around the prompt, and a server that dies is a pause")
{
    Terminal terminal{{"run"}};
    await_prompt(terminal);
    terminal.type("blk stress scratch0 60 &\r");  // some seconds
    terminal.wait_for("[1] started");
    terminal.wait_for(prompt);
    terminal.type("kill scratch0\r");
    terminal.wait_for("msg=\"restarted\" program=scratch0 epoch=1");
    terminal.type("half a li");
    terminal.wait_for("all sectors hold what was written\r\n");
    terminal.wait_for("[1] done: blk stress scratch0 60\r\n");
    terminal.type("ne");
    terminal.wait_for("ne");
    terminal.type("\x03");
    terminal.wait_for("^C");
    terminal.wait_for(prompt);
    terminal.type("wait\r");
    terminal.wait_for(prompt);
    terminal.type("\x04");
    CHECK(terminal.end() == 0);
    CHECK(terminal.as_before());
}

TEST_CASE("a line is drawn in the width of the terminal, also when that changes")
{
    Terminal terminal{{"run"}};
    await_prompt(terminal);
    terminal.resize(50);
    terminal.wait_for(prompt);
    terminal.type(std::string(60, 'x') + "\x01");
    terminal.wait_for("vireo> " + std::string(42, 'x') + "\x1b[K");
    terminal.resize(100);
    terminal.wait_for("vireo> " + std::string(60, 'x') + "\x1b[K");
    terminal.type("\x03");
    terminal.wait_for(prompt);
    terminal.type("\x04");
    CHECK(terminal.end() == 0);
}

TEST_CASE("Ctrl-C ends the command that runs, and nothing else")
{
    Terminal terminal{{"run"}};
    await_prompt(terminal);
    terminal.type("watch servers\r");
    terminal.wait_for("con0            ready      epoch 0");
    terminal.type("typed ahead\x03");
    terminal.wait_for("^C");
    terminal.wait_for("vireo[1]> \x1b[K");
    terminal.type("watch rand 4 &\r");
    terminal.wait_for("[1] started");
    terminal.wait_for(prompt);
    terminal.type("wait\r");
    terminal.wait_for("wait\x1b[K\r\r\n");
    terminal.type("\x03");
    terminal.wait_for(prompt);
    terminal.type("jobs\r");
    terminal.wait_for("[1] watch rand 4");
    terminal.wait_for(prompt);
    terminal.type("poweroff\r");
    terminal.wait_for("vsh: poweroff ends 1 job that runs");
    CHECK(terminal.end() == 0);
}

TEST_CASE("the console's server may die: the prompt comes back")
{
    Terminal terminal{{"run"}};
    await_prompt(terminal);
    terminal.type("kill con0\r");
    terminal.wait_for("msg=\"restarted\" program=con0 epoch=1");
    terminal.wait_for(prompt);
    terminal.type("rand 1\r");
    terminal.wait_for("rand 1\x1b[K\r\r\n");
    terminal.wait_for(prompt);
    terminal.type("\x04");
    CHECK(terminal.end() == 0);
}

TEST_CASE("the terminal is restored when Ctrl-A x or a signal ends the run")
{
    Terminal terminal{{"run"}};
    await_prompt(terminal);
    SECTION("the keys") { terminal.type("\x01x"); }
    SECTION("the signal") { terminal.kill(SIGTERM); }
    CHECK(terminal.end() == 130);
    CHECK(terminal.as_before());
}

TEST_CASE("commands come from a pipe as well, and its end and the demo's are the end of the run")
{
    const auto run_with = [](const std::string& input, const std::string& options) {
        return program({"sh", "-c",
                        input + " | VIREO_NO_BUILD=1 VIREO_TARGET_DIR=" + target_tree().string()
                            + " " + tool() + " run " + options});
    };
    const auto piped = [&](const std::string& lines) {
        return run_with("printf '" + lines + "'", "");
    };
    const auto good = piped("blk info disk0\\nrand 4");
    CHECK(good.status == 0);
    CHECK(good.err.empty());
    CHECK(lines_with(good.out, "src=vsh/0 | capacity        131072 sectors").size() == 1);
    CHECK_THAT(good.out, Contains("src=kernel verdict status=0"));
    CHECK_THAT(good.out, Contains("msg=\"exited\" program=demo code=0"));
    CHECK(piped("no such\\nrand 4\\n").status == 2);

    const auto nothing = run_with(":", "");
    CHECK(nothing.status == 0);
    CHECK_THAT(nothing.out, Contains("msg=\"exited\" program=demo code=0"));

    const auto longest = piped("rand 1" + std::string(512 - 6, ' ') + "\\n");
    CHECK(longest.status == 0);
    const auto too_long = piped("rand 1" + std::string(512 - 6, ' ') + "0\\n");
    CHECK(too_long.status == 2);
    CHECK_THAT(too_long.out, Contains("vsh: a line has at most 512 bytes"));

    const auto silent = run_with("sleep 4", "--timeout 2");
    CHECK(silent.status == 124);
    CHECK_THAT(silent.err, Contains("its shell waits for commands"));
}
