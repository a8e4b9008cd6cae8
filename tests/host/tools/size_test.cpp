// size_test.cpp - lines and functions that are counted, and the limits on them.
#include "failure.hpp"
#include "size_budget.hpp"
#include "source_text.hpp"

#include <catch2/catch.hpp>

using namespace vireo;
using Catch::Matchers::Contains;

TEST_CASE("a line is code, a comment or blank")
{
    const auto count = count_lines("// what it is\n"
                                   "\n"
                                   "int a;  // and why\n"
                                   "/* two\n"
                                   "   lines */\n"
                                   "auto s =\n"
                                   "    \"// no comment\";\n"
                                   "auto big = 1'000'000;  // it's\n");
    CHECK(count.comment == 3);
    CHECK(count.blank == 1);
    CHECK(count.code == 4);
    CHECK(count.lines() == 8);
    CHECK(count.files == 1);
}

TEST_CASE("functions are found in namespaces and classes, with their lines")
{
    const auto found = functions_of("namespace {\n"
                                    "constexpr std::array table = {\n"
                                    "    [](int a) { return a; },\n"
                                    "};\n"
                                    "enum class E : u8 { a, b };\n"
                                    "struct alignas(2) B {\n"
                                    "    bool none() const { return true; }\n"
                                    "private:\n"
                                    "    template <class T, std::array<int, 3> X>\n"
                                    "    static int make(T with)\n"
                                    "    {\n"
                                    "        return with ? int{1} : [] { return 2; }();\n"
                                    "    }\n"
                                    "};\n"
                                    "}\n"
                                    "Thread::Thread(int a) : x{a}, y{f(a)}\n"
                                    "{\n"
                                    "    if (a) {\n"
                                    "        go(\"}\");\n"
                                    "    }\n"
                                    "}\n"
                                    "extern \"C\" {\n"
                                    "void declared(int);\n"
                                    "}\n"
                                    "[[noreturn]] void end() { for (;;) {} }\n",
                                    "x.cpp");
    REQUIRE(found.size() == 4);
    CHECK(found[0].name == "none");
    CHECK(found[0].lines == 1);
    CHECK(found[1].name == "make");
    CHECK(found[1].line == 9);
    CHECK(found[1].lines == 5);
    CHECK(found[2].name == "Thread::Thread");
    CHECK(found[2].lines == 6);
    CHECK(found[3].name == "end");
    CHECK(found[3].file == "x.cpp");
}

TEST_CASE("a percentile is a length that so many do not exceed")
{
    std::vector<Function> functions;
    for (u32 lines = 1; lines <= 10; ++lines)
        functions.push_back({.name = "f", .file = "", .line = 1, .lines = lines});
    CHECK(percentile(functions, 90) == 9);
    CHECK(percentile(functions, 99) == 10);
    CHECK(percentile({}, 90) == 0);
}

TEST_CASE("limits on sizes are read, and what nobody knows is refused")
{
    const auto budget =
        parse_size_budget("[lines]\nmicrokernel = 5000\n[functions]\np90 = 20\n", "x.toml");
    CHECK(budget.lines.at("microkernel") == 5000);
    CHECK(budget.functions.at(90) == 20);
    CHECK_FALSE(budget.functions.contains(99));
    CHECK_THROWS_WITH(parse_size_budget("[functions]\np95 = 3\n", "x.toml"), Contains("p95"));
    CHECK_THROWS_WITH(parse_size_budget("[lines]\nabi = \"x\"\n", "x.toml"), Contains("2:7"));
}
