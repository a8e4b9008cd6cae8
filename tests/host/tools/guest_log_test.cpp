// guest_log_test.cpp - records of the serial line.
#include "crash.hpp"
#include "guest_log.hpp"

#include <catch2/catch.hpp>

using namespace vireo;

namespace {

Record record(const std::string& line)
{
    const auto parsed = parse_record(line);
    REQUIRE(parsed);
    return *parsed;
}

std::vector<std::string> split(const std::vector<std::string>& parts)
{
    std::vector<std::string> lines;
    const auto add = [&](const std::string& line) { lines.push_back(line); };
    LineSplitter splitter;
    for (const auto& part : parts)
        splitter.feed(part, add);
    splitter.finish(add);
    return lines;
}

}  // namespace

TEST_CASE("a record has a time, a sender and a text")
{
    const auto log = record(R"(t=0.012345 src=disk0/2 level=info msg="ready" sectors=131072)");
    CHECK(log.time == "0.012345");
    CHECK(log.source == "disk0/2");
    CHECK(log.program() == "disk0");
    CHECK_FALSE(log.user_output);
    CHECK(log.text == R"(level=info msg="ready" sectors=131072)");
    const auto out = record("t=0.5 src=vsh/0 | a | b  c ");
    CHECK(out.user_output);
    CHECK(out.text == "a | b  c ");
    CHECK(record("t=0.5 src=vsh/0 |").text.empty());
    CHECK(record("t=0.5 src=vsh/0 | ").text.empty());
}

TEST_CASE("what is no record is none")
{
    for (const auto* line : {"", "hello", "t=", "t=1", "t=1 ", "t=1 src=", "t=x src=a/0 b",
                             " t=1 src=a/0 b", "src=a/0 t=1"})
        CHECK_FALSE(parse_record(line));
}

TEST_CASE("fields are found by their keys, not by what stands in other values")
{
    const std::string text =
        R"(level=error msg="a pc=0x1 \"q\" b" image=blkd pc=0x401a3c code=7 word chain=0x1,0x20,0x0)";
    CHECK(field(text, "level") == "error");
    CHECK(field(text, "msg") == "a pc=0x1 \"q\" b");
    CHECK(number_field(text, "pc") == 0x401a3c);
    CHECK(number_field(text, "code") == 7);
    CHECK(chain_field(text, "chain") == std::vector<u64>{1, 0x20});
    CHECK_FALSE(field(text, "word"));
    CHECK_FALSE(field(text, "q"));
    CHECK_FALSE(number_field(text, "image"));
    CHECK(field("a=", "a") == "");
    CHECK_FALSE(field("a=\"never closed", "b"));
    CHECK(field("x a=1", "a") == "1");
}

TEST_CASE("a chain ends at the first thing that is no address")
{
    CHECK(chain_field("chain=0x1,zz,0x2", "chain") == std::vector<u64>{1});
    CHECK(chain_field("chain=", "chain").empty());
    CHECK(chain_field("chain=0xfffffffffffffffff", "chain").empty());
}

TEST_CASE("only the kernel's verdict is one")
{
    CHECK(verdict_of(record("t=1.5 src=kernel verdict status=7")) == 7u);
    CHECK(verdict_of(record("t=1.5 src=kernel verdict status=255")) == 255u);
    for (const auto* line :
         {"t=1 src=evil/0 verdict status=0", "t=1 src=kernel/0 verdict status=0",
          "t=1 src=evil/0 | verdict status=0", "t=1 src=kernel | verdict status=0",
          "t=1 src=kernel verdict status=256", "t=1 src=kernel verdict",
          "t=1 src=evil/0 | t=1 src=kernel verdict status=0",
          "t=1 src=kernel the verdict status=0"})
        CHECK_FALSE(verdict_of(record(line)));
}

TEST_CASE("only the kernel panics")
{
    CHECK(panic_of(record(R"(t=1 src=kernel level=panic msg="no init")")));
    CHECK_FALSE(panic_of(record(R"(t=1 src=evil/0 level=panic msg="x")")));
    CHECK_FALSE(panic_of(record(R"(t=1 src=kernel level=info msg="level=panic")")));
}

TEST_CASE("lines are put together from whatever parts they arrive in")
{
    CHECK(split({"a\r\nb", "c\n", "\n", "d"}) == std::vector<std::string>{"a", "bc", "d"});
    CHECK(split({}).empty());
}

TEST_CASE("long output is joined per sender")
{
    OutputJoiner joiner;
    CHECK_FALSE(joiner.add(record("t=1 src=a/0 | one \\")));
    CHECK(joiner.add(record("t=1 src=b/0 | other")) == "other");
    CHECK(joiner.add(record("t=1 src=a/0 | line")) == "one line");
    CHECK(joiner.add(record("t=1 src=a/0 | next")) == "next");
    CHECK_FALSE(joiner.add(record("t=1 src=a/0 | cut\\")));
    CHECK(joiner.rest() == std::vector<std::string>{"cut"});
    CHECK(joiner.rest().empty());
}

TEST_CASE("faults are said in words")
{
    CHECK(describe_fault(0x92000046, 0x18) == "data abort, write at 0x18 (null + 0x18)");
    CHECK(describe_fault(0x92000007, 0x500000) == "data abort, read at 0x500000");
    CHECK(describe_fault(0x82000007, 0x10) == "instruction abort at 0x10 (null + 0x10)");
    CHECK(describe_fault(0xf2000001, 0) == "brk #0x1");
    CHECK(describe_fault(0x02000000, 0) == "unknown or forbidden instruction");
    CHECK(describe_fault(u64{0x3f} << 26, 0) == "exception class 0x3f");
}

TEST_CASE("crashes are believed from init and kernel only")
{
    const Symboliser symbols{Project{"/nowhere"}};
    CrashReporter reporter{symbols};
    const std::string body =
        R"( level=error msg="exit record" program=disk0 image=blkd cause=fault code=0 esr=0x92000046 far=0x18 pc=0x401a3c)";
    CHECK(reporter.report(record("t=1 src=init/0" + body))
          == "-- disk0 (blkd) ended: fault, data abort, write at 0x18 (null + 0x18)\n");
    CHECK_FALSE(reporter.report(record("t=1 src=evil/0" + body)));
    CHECK_FALSE(reporter.report(record("t=1 src=init/0 |" + body)));
    CHECK_FALSE(
        reporter.report(record(R"(t=1 src=init/0 level=info msg="exited" program=demo code=0)")));
    CHECK_FALSE(reporter.report(record("t=1 src=init/0 image=../../etc/x pc=0x1")));
    CHECK_FALSE(reporter.report(
        record(R"(t=1 src=init/0 msg="exit record" image=vsh cause=exited code=2 pc=0x0)")));
    CHECK(reporter.report(
              record("t=1 src=init/0 msg=\"backtrace\" image=blkd pc=0x401a3c chain=0x401100"))
          == "  #0  0x401a3c  ?\n  #1  0x401100  ?\n");
    CHECK(reporter.report(record("t=1 src=kernel level=panic image=kernel pc=0x1 chain=0x2"))
          == "-- kernel panic\n  #0  0x1  ?\n  #1  0x2  ?\n");
}
