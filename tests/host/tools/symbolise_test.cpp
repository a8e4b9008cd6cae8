// symbolise_test.cpp - addresses become functions and lines.
#include "elf.hpp"
#include "fixtures.hpp"
#include "symbolise.hpp"
#include "text.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace vireo;
using namespace vireo::test;
using Catch::Matchers::Contains;

TEST_CASE("an address has a function, and a file and line as seen from the project")
{
    FakeProject fake;
    const Project project{fake.root()};
    compile_program(fake.root(), project.program("crash"));
    const Symboliser symbols{project};
    const auto frames =
        symbols.look_up(project.program("crash"), std::array<u64, 2>{0x401008, 0x10});
    REQUIRE(frames.size() == 2);
    REQUIRE(frames[0].size() == 1);
    CHECK(frames[0][0].function == "inner");
    CHECK(frames[0][0].place == "crash.c:3");
    CHECK(frames[1].empty());

    CHECK_THAT(symbols.where(0x401008, {"init", "crash"}), Contains("crash: inner  crash.c:3"));
    CHECK(symbols.where(0x7000, {"init", "crash"}) == "in no image of this system");
    const auto trace =
        symbols.backtrace(project.program("crash"), std::array<u64, 2>{0x401008, 0x10});
    CHECK(trace == "  #0  0x401008  inner  crash.c:3\n  #1  0x10  ?\n");
}

TEST_CASE("a return address is shown as the call before it")
{
    FakeProject fake;
    const Project project{fake.root()};
    compile_program(fake.root(), project.program("crash"));
    const Symboliser symbols{project};
    // The first instruction of _start: what stands before it belongs to inner.
    const u64 start = read_elf(read_bytes(project.program("crash")), "crash").entry;
    CHECK_THAT(symbols.backtrace(project.program("crash"), std::array<u64, 2>{start, start}),
               Contains(fmt::format("#0  {:#x}  _start", start))
                   && Contains(fmt::format("#1  {:#x}  inner", start)));
}

TEST_CASE("a link register that only repeats a frame is left out of the backtrace")
{
    FakeProject fake;
    const Project project{fake.root()};
    const auto elf = project.program("crash");
    compile_program(fake.root(), elf);
    const Symboliser symbols{project};
    const u64 start = read_elf(read_bytes(elf), "crash").entry;
    const u64 inner = 0x401008;
    const auto in_start = fmt::format("{:#x}  _start  crash.c:", start + 8);
    const auto count = [](const std::string& text) { return lines_of(text).size(); };

    // Of a function without a frame it is the caller, whom nothing else names.
    const auto leaf = symbols.backtrace(elf, std::array<u64, 3>{inner, start + 8, 0x10});
    CHECK(count(leaf) == 3);
    CHECK_THAT(leaf, Contains("#1  " + in_start));
    // The next frame has it too.
    const auto twice = symbols.backtrace(elf, std::array<u64, 3>{inner, start + 8, start + 8});
    CHECK(count(twice) == 2);
    CHECK_THAT(twice, Contains("#1  " + in_start));
    // The last call left it in the same function.
    const auto old = symbols.backtrace(elf, std::array<u64, 3>{start + 12, start + 8, inner});
    CHECK(count(old) == 2);
    CHECK_THAT(old, Contains("#0  " + fmt::format("{:#x}  _start", start + 12))
                        && Contains("#1  0x401008  inner"));
}

TEST_CASE("without an ELF addresses stay addresses")
{
    const Symboliser symbols{Project{"/nowhere"}};
    CHECK(symbols.backtrace("/nowhere/x.elf", std::array<u64, 1>{0x400000})
          == "  #0  0x400000  ?\n");
    CHECK(symbols.where(0xffffff8000000000, {}) == "?");
}
