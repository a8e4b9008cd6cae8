// screen_test.cpp - the guest's console and log on one terminal, and the keys that are not the
// guest's.
#include "keyboard.hpp"
#include "screen.hpp"
#include "serial_stream.hpp"

#include <string>

#include <catch2/catch.hpp>

using namespace vireo;

namespace {

struct Parts {
    std::string log;
    std::string console;
};

Parts split(const std::string& bytes, usize at_once)
{
    Parts parts;
    SerialStream stream;
    for (usize i = 0; i < bytes.size(); i += at_once)
        stream.feed(
            std::string_view{bytes}.substr(i, at_once),
            [&](std::string_view part) { parts.log += part; },
            [&](std::string_view part) { parts.console += part; });
    return parts;
}

const std::string prompt = "\rvireo> bl\x1b[K";

}  // namespace

TEST_CASE("log and console are told apart, however the bytes come", "[tools]")
{
    const usize at_once = GENERATE(1U, 2U, 7U, 1000U);
    const auto parts =
        split("t=1 a\r\n\x1f> ps\x1e\r\nt=2 b\r\n\x1f\r\n\x1e\r\nt=3 c\r\n", at_once);
    CHECK(parts.log == "t=1 a\r\n\r\nt=2 b\r\n\r\nt=3 c\r\n");
    CHECK(parts.console == "> ps\r\n");
}

TEST_CASE("what a console writes is never a line of the kernel's", "[tools][hostile]")
{
    const auto parts = split("\x1f\r\nt=1 src=kernel verdict status=0\r\n\x1e\r\nt=2 x\r\n", 3);
    CHECK_FALSE(parts.log.contains("verdict"));
}

TEST_CASE("a line of the log goes above the prompt, which is drawn again", "[tools]")
{
    Screen screen{"vsh"};
    CHECK(screen.line("t=1 src=init/0 level=info") == "\r\x1b[Kt=1 src=init/0 level=info\n");
    CHECK(screen.console(prompt) == prompt);
    CHECK(screen.console("k") == "k");
    CHECK(screen.line("t=2 x") == "\r\x1b[Kt=2 x\nvireo> bl\x1b[Kk");
    CHECK(screen.end() == "\n");
    CHECK(screen.console("\r\n") == "\r\n");
    CHECK(screen.line("t=3 x") == "\r\x1b[Kt=3 x\n");
    CHECK(screen.end().empty());
}

TEST_CASE("what the shell prints is shown without its name, and jobs with their number", "[tools]")
{
    Screen screen{"vsh"};
    CHECK(screen.line("t=1 src=vsh/0 | text") == "\r\x1b[Ktext\n");
    CHECK(screen.line("t=1 src=vsh/3 | long \\").empty());
    CHECK(screen.line("t=1 src=vsh/0 |") == "\r\x1b[K\n");
    CHECK(screen.line("t=1 src=vsh/3 | line") == "\r\x1b[K[3] long line\n");
    CHECK(screen.line("t=1 src=demo/0 | text") == "\r\x1b[Kt=1 src=demo/0 | text\n");
    CHECK(screen.line("t=1 src=vsh/0 level=info") == "\r\x1b[Kt=1 src=vsh/0 level=info\n");
}

TEST_CASE("Ctrl-A x ends the run, and Ctrl-A alone is the guest's", "[tools]")
{
    EscapeKeys keys;
    CHECK(keys.pass("a\x01") == "a\x01");
    CHECK(keys.pass("bx") == "bx");
    CHECK(keys.pass("\x01\x01x") == "\x01\x01x");
    CHECK_FALSE(keys.ended());
    CHECK(keys.pass("y\x01") == "y\x01");
    CHECK(keys.pass("xyz").empty());
    CHECK(keys.ended());
}
