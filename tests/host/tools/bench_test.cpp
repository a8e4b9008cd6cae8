// bench_test.cpp - figures and budgets.
#include "bench_phases.hpp"
#include "failure.hpp"

#include <catch2/catch.hpp>

using namespace vireo;
using Catch::Matchers::Contains;

namespace {

std::string budget_errors(const std::string& text)
{
    try {
        (void)parse_budgets(text, "b.toml");
        return "";
    } catch (const SourceErrors& errors) {
        return errors.what();
    }
}

}  // namespace

TEST_CASE("a region has a name, operations and counters")
{
    const auto region = parse_region(
        "RES 3 ipc.call_reply n=1000 ns=99000 bytes=0 insn=250000 exceptions=2000 irqs=0");
    REQUIRE(region);
    CHECK(region->name == "ipc.call_reply");
    CHECK(region->operations == 1000);
    CHECK(region->counters.at("insn") == 250000);
    CHECK_FALSE(region->counters.contains("mmio"));
    for (const auto* line :
         {"", "PB-DONE", "RES x y n=1", "RES 1 y", "RES 1 y n=0 insn=5", "res 1 y n=1"})
        CHECK_FALSE(parse_region(line));
}

TEST_CASE("figures are per operation and know their budgets")
{
    const std::vector<Region> regions{
        {.name = "sys.null", .operations = 1000, .counters = {{"insn", 59500}, {"bytes", 0}}}};
    const auto figures = figures_of(regions, {{"sys.null", "insn", 60}, {"sys.null", "ns", 1}});
    REQUIRE(figures.size() == 1);
    CHECK(figures[0].value == Approx(59.5));
    CHECK_FALSE(figures[0].exceeded());
    CHECK(figures_of(regions, {{"sys.null", "insn", 59}})[0].exceeded());
    CHECK_FALSE(figures_of(regions, {})[0].exceeded());
}

TEST_CASE("a budget that nothing was measured for is not kept")
{
    const std::vector<Budget> budgets{{"a.x", "insn", 1}, {"b.x", "insn", 1}};
    const auto figures =
        figures_of({{.name = "a.x", .operations = 1, .counters = {{"insn", 1}}}}, budgets);
    REQUIRE(unmeasured(figures, budgets, "").size() == 1);
    CHECK(unmeasured(figures, budgets, "").front().name == "b.x");
    CHECK(unmeasured(figures, budgets, "a.").empty());
}

TEST_CASE("of several runs the worst counts")
{
    std::vector<Region> regions{
        {.name = "a", .operations = 10, .counters = {{"insn", 100}, {"irqs", 10}}}};
    merge_worst(regions,
                {{.name = "a", .operations = 20, .counters = {{"insn", 300}, {"irqs", 10}}},
                 {.name = "b", .operations = 1, .counters = {{"insn", 1}}}});
    REQUIRE(regions.size() == 2);
    CHECK(regions[0].counters.at("insn") == 150);
    CHECK(regions[0].counters.at("irqs") == 10);
}

TEST_CASE("the budget file is checked like a system file")
{
    const auto budgets =
        parse_budgets("[limits]\n\"sys.null\" = { insn = 60, exceptions = 1.5 }\n", "b.toml");
    REQUIRE(budgets.size() == 2);
    CHECK_THAT(budget_errors("[limits]\n\"a\" = { inns = 60 }\n"),
               Contains("b.toml:2:16: error: there is no metric 'inns'"));
    CHECK_THAT(budget_errors("[limits]\n\"a\" = { insn = -1 }\n"), Contains("not negative"));
    CHECK_THAT(budget_errors("[limit]\n"), Contains("did you mean 'limits'?"));
    CHECK_THAT(budget_errors("[limits\n"), Contains("b.toml:1"));
}

TEST_CASE("only the systems that measure what was asked for are booted")
{
    const auto arguments = [](std::string_view prefix) {
        std::vector<std::string> all;
        for (const auto& phase : phases_for(prefix))
            all.push_back(phase.argument);
        return all;
    };
    using Names = std::vector<std::string>;
    CHECK(arguments("") == Names{"cpu", "blk", "io"});
    CHECK(arguments("sys.null") == Names{"cpu"});
    CHECK(arguments("b") == Names{"cpu", "blk"});
    CHECK(arguments("net.tx64") == Names{"io"});
    CHECK(arguments("kernel.").empty());
    CHECK(arguments("nothing so called") == Names{"cpu"});
    CHECK(wants_longest("kernel.lock"));
    CHECK_FALSE(wants_longest("ipc."));
}
