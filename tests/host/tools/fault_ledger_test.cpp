// fault_ledger_test.cpp - the ledger of campaigns: what it adds, where it goes on, what it refuses.
#include "diagnostics.hpp"
#include "failure.hpp"
#include "fault/experiment.hpp"
#include "fault/fault_ledger.hpp"
#include "fixtures.hpp"

#include <catch2/catch.hpp>

using namespace vireo;
using namespace vireo::fault;
using Catch::Matchers::Contains;
using lab::Verdict;

namespace {

Experiment experiment()
{
    return parse_experiment("victim = \"disk0\"\nload = \"block\"\nfaults = [\"kill\"]\nseed = 7\n"
                            "trials = 300\nfull = 9000\n[points]\ncall = 40\n",
                            "tests/fault/some.toml");
}

// Trials of one boot: of one experiment, with one seed.
std::vector<TrialResult> boot_of(u64 seed, std::initializer_list<Verdict> verdicts)
{
    std::vector<TrialResult> all;
    for (const auto verdict : verdicts) {
        TrialResult one{};
        one.id = {"some", seed, static_cast<u32>(all.size() + 1)};
        one.verdict = verdict;
        one.fired = true;
        one.deaths = 1;
        all.push_back(one);
    }
    return all;
}

// What is said of a ledger with one line changed.
std::string broken(const std::string& from, const std::string& to)
{
    const test::TempDir dir;
    FaultLedger ledger{dir / "ledger.md"};
    ledger.add(boot_of(7, {Verdict::recovered, Verdict::wild_dma}), "v1");
    ledger.add(boot_of(9, {Verdict::recovered}), "v2");
    auto text = read_text(dir / "ledger.md");
    text.replace(text.find(from), from.size(), to);
    write_file(dir / "ledger.md", text);
    try {
        FaultLedger{dir / "ledger.md"};
    } catch (const SourceErrors& errors) {
        return errors.what();
    }
    return {};
}

}  // namespace

TEST_CASE("the ledger has a line for the seeds that one version went through, and goes on there")
{
    const test::TempDir dir;
    const auto file = dir / "ledger.md";
    const auto one = experiment();
    CHECK(FaultLedger{file}.next_seed(one) == 7);
    FaultLedger ledger{file};
    auto first = boot_of(9, {Verdict::recovered, Verdict::kernel_crash});
    first[0].left = 1;
    first[1].times = 6;
    ledger.add(first, "v1");
    CHECK_THAT(read_text(file), Contains("| some | 9-9 | v1 | 2 | 7 | 1 | 0 | recovered 1, "
                                         "kernel_crash 1, left_behind 1 |\n"));
    ledger.add(boot_of(8, {Verdict::recovered}), "v1");  // two guests: the first one was slower
    FaultLedger{file}.add(boot_of(10, {Verdict::wild_dma}), "v1");
    const std::string whole = "| some | 8-10 | v1 | 4 | 9 | 1 | 1 | recovered 2, kernel_crash 1, "
                              "wild_dma 1, left_behind 1 |\n";
    CHECK_THAT(read_text(file), Catch::EndsWith(whole));
    FaultLedger later{file};
    CHECK(later.next_seed(one) == 11);
    later.add(boot_of(11, {Verdict::masked}), "v2");
    CHECK_THAT(read_text(file), Contains(whole + "| some | 11-11 | v2 | 1 | 1 | 0 | 0 | masked 1"));
    CHECK(FaultLedger{file}.sum().trials == 5);
    CHECK(FaultLedger{file}.sum().bad() == 1);
    CHECK(FaultLedger{file}.lines().size() == 2);
}

TEST_CASE("a ledger that somebody changed meanwhile is not written over")
{
    const test::TempDir dir;
    const auto file = dir / "ledger.md";
    FaultLedger ledger{file};
    ledger.add(boot_of(7, {Verdict::recovered}), "v1");
    FaultLedger other{file};
    other.add(boot_of(8, {Verdict::recovered}), "v1");
    CHECK_THROWS_AS(ledger.add(boot_of(9, {Verdict::recovered}), "v1"), Failure);
    CHECK(FaultLedger{file}.sum().trials == 2);
}

TEST_CASE("a ledger that somebody broke is refused, with the line")
{
    CHECK(broken("v1", "v3").empty());
    CHECK_THAT(broken("# Faults", "# Few"), Contains("not how a ledger of faults begins"));
    CHECK_THAT(broken("| some | 7-7 |", "| some |"), Contains(":8:1:") && Contains("8 cells"));
    CHECK_THAT(broken("9-9", "9-8"), Contains(":9:1:") && Contains("FROM-TO"));
    CHECK_THAT(broken("9-9", "9"), Contains(":9:1:") && Contains("FROM-TO"));
    CHECK_THAT(broken("9-9", "7-9"), Contains(":9:1:") && Contains("in a line before"));
    CHECK_THAT(broken("wild_dma 1", "wild_dma x"), Contains("no verdicts"));
    CHECK_THAT(broken("wild_dma 1", "wonderful 1"), Contains("no verdicts"));
    CHECK_THAT(broken("wild_dma 1", "undetected 1"), Contains("do not belong together"));
    CHECK_THAT(broken("v1 | 2", "v1 | 3"), Contains("one verdict for each trial"));
    CHECK_THAT(broken("recovered 1 |", "recovered"), Contains(":9:1:"));
}

TEST_CASE("the version of a ledger is that of what is run, not of documents and other tests")
{
    const test::TempDir dir;
    const auto put = [&](const std::string& name, std::string_view text) {
        fs::create_directories((dir / name).parent_path());
        write_file(dir / name, text);
    };
    put("servers/x.cpp", "a");
    put("tests/fault/x.toml", "a");
    put("tests/peer/x.cpp", "a");
    const auto before = version_of_sources(dir.path());
    CHECK(before.size() == 12);
    put("docs/x.md", "a");
    put("servers/README.md", "a");
    put("tests/host/x.cpp", "a");
    CHECK(version_of_sources(dir.path()) == before);
    for (const auto* name : {"servers/x.cpp", "tests/fault/x.toml", "tests/peer/x.cpp"}) {
        put(name, "b");
        CHECK(version_of_sources(dir.path()) != before);
        put(name, "a");
        CHECK(version_of_sources(dir.path()) == before);
    }
}
