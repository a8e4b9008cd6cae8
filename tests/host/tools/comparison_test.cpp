// comparison_test.cpp - two systems side by side, and what the other one boots from.
#include "comparison.hpp"
#include "initramfs.hpp"

#include <algorithm>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace vireo;
using Catch::Matchers::Contains;

namespace {

Region region(const std::string& name, std::map<std::string, u64> counters)
{
    return {.name = name, .operations = 10, .counters = std::move(counters)};
}

const Subject subject{.qemu = "QEMU 7.2", .theirs = "linux-image <6.1>", .runs = 3};

std::vector<Row> two_rows()
{
    return compare({{region("a", {{"insn", 100}, {"ns", 20'000}})}},
                   {{region("a", {{"insn", 1000}, {"ns", 10'000}})}});
}

}  // namespace

TEST_CASE("what was counted from outside belongs to the regions in their order")
{
    const std::vector<Region> said{region("boot", {}), region("a", {}), region("b", {}),
                                   region("never closed", {})};
    const auto run =
        counted(said, "hello insn=5 eret=1\n0 insn=70 eret=2 irqs=3 notifies=4 mmio=6 wfi=9\n"
                      "1 insn=80 eret=0 irqs=0 notifies=0 mmio=0 wfi=0\n");
    REQUIRE(run.size() == 3);
    CHECK(run[0].name == "boot");
    CHECK(run[0].counters.at("insn") == 5);
    CHECK(run[1].counters.at("exceptions") == 2);
    CHECK(run[1].counters.at("idle") == 9);
    CHECK(run[2].name == "b");
    CHECK(run[2].counters.at("insn") == 80);
}

TEST_CASE("medians of all runs are compared, per operation")
{
    const auto with = [](u64 insn) { return std::vector<Region>{region("a", {{"insn", insn}})}; };
    const auto rows = compare({with(100), with(900), with(300)}, {with(6000), with(8000)});
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].ours == Approx(30));
    CHECK(rows[0].theirs == Approx(700));
    CHECK(*rows[0].ratio() == Approx(700.0 / 30));
}

TEST_CASE("what only one of two systems measures is not compared")
{
    const auto rows = compare({{region("a", {{"insn", 1}}), region("b", {{"insn", 1}, {"ns", 1}})}},
                              {{region("b", {{"insn", 0}}), region("c", {{"insn", 1}})}});
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].name == "b");
    CHECK_FALSE(rows[0].ratio());
    CHECK(compare({}, {}).empty());
}

TEST_CASE("a comparison is told as a table, as JSON, as CSV and as a page")
{
    const auto rows = two_rows();
    const auto table = as_table(rows, subject);
    CHECK_THAT(table, Contains("linux-image <6.1>; QEMU 7.2; medians of 3 runs"));
    CHECK_THAT(table, Contains("10 x") && Contains("0.50 x"));
    CHECK(std::ranges::count(table, '\n') == 3);
    const auto json = as_json(rows, subject);
    const auto first = nlohmann::json::parse(json.substr(0, json.find('\n')));
    CHECK(first["name"] == "a");
    CHECK(first["linux"] == 100.0);
    CHECK(first["ratio"] == 10.0);
    CHECK(as_csv(rows)
          == "name,metric,vireo,linux,ratio,n\na,insn,10,100,10,10\na,ns,2000,1000,0.5,10\n");
    const auto page = as_html(rows, subject);
    CHECK_THAT(page, Contains("linux-image &lt;6.1&gt;") && Contains("width:20%"));
    CHECK_THAT(page, !Contains("http"));
}

TEST_CASE("an initramfs has its files behind headers, each on four bytes")
{
    const std::vector<InitramfsFile> files{{"init", {1, 2, 3}, true}, {"m.ko", {4}, false}};
    const auto bytes = make_initramfs(files);
    const std::string text{bytes.begin(), bytes.end()};
    CHECK(bytes.size() % 4 == 0);
    CHECK(text.starts_with("070701"
                           "00000001"
                           "000081ED"));
    CHECK(text.substr(54, 8) == "00000003");  // bytes
    CHECK(text.substr(110, 5) == std::string{"init\0", 5});
    CHECK(text.substr(116, 3) == std::string{"\1\2\3", 3});
    CHECK(text.substr(120, 6) == "070701");
    CHECK(text.substr(128 + 6, 8) == "000081A4");
    CHECK(text.find("TRAILER!!!") != std::string::npos);
}
