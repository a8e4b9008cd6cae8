// fault_test.cpp - the pure parts of `fault`: experiments, which fault a trial gets, verdicts,
// sums, and what the host finds on a disk.
#include "diagnostics.hpp"
#include "failure.hpp"
#include "fault/campaign.hpp"
#include "fault/journal.hpp"
#include "fault/json.hpp"
#include "fault/medium.hpp"
#include "fault/page.hpp"
#include "fault/report.hpp"
#include "fixtures.hpp"

#include <fstream>

#include <block/stamp.hpp>
#include <catch2/catch.hpp>

using namespace vireo;
using namespace vireo::fault;
using Catch::Matchers::Contains;
using lab::Verdict;

namespace {

const std::string good_text = R"(victim = "disk0"
load = "block"
faults = ["kill", "fail_call", "drop_interrupt"]
seed = 7
trials = 300
full = 9000

[points]
call = 40
interrupt = 9
time = 8000

[accept]
fired_percent = 50
p99_us = 60000
)";

Experiment experiment() { return parse_experiment(good_text, "tests/fault/some.toml"); }

std::string errors_of(const std::string& text)
{
    try {
        (void)parse_experiment(text, "some.toml");
    } catch (const SourceErrors& errors) {
        return errors.what();
    }
    return {};
}

// One line of the laboratory.
std::string line(const std::string& verdict, const std::string& more)
{
    return "trial n=12 verdict=" + verdict + " beside=" + verdict
           + " kind=kill point=time at=77 fired=1 deaths=1 ops=50 errors=0 why=ok retries=0 lost=0"
             " wrong=0 place=0 dead_us=1 up_us=900 good_us=1500 all_us=5000 worst_us=300 wild=0"
             " left=0 times=1 pc=0x0 where=0x0 "
           + more;
}

TrialResult result(Verdict verdict, u64 good_us = 0)
{
    TrialResult one{};
    one.verdict = verdict;
    one.fired = true;
    one.deaths = good_us != 0 ? 1 : 0;
    one.good_us = good_us;
    return one;
}

}  // namespace

TEST_CASE("an experiment says who suffers what, and how often")
{
    const auto one = experiment();
    CHECK(one.name == "some");
    CHECK(one.victim == "disk0");
    CHECK(one.seed == 7);
    CHECK(one.trials == 300);
    CHECK(one.full == 9000);
    CHECK(one.accept.p99_us == 60000);
    CHECK(one.order(7, 0, 1).needs_kernel());
}

TEST_CASE("a mistake in an experiment is reported with its line and the likely spelling")
{
    CHECK_THAT(errors_of("victim = \"disk0\"\nload = \"blok\"\nfaults = [\"kill\"]\n"),
               Contains("some.toml:2:") && Contains("did you mean 'block'"));
    CHECK_THAT(errors_of("victim = \"d\"\nload = \"net\"\nfaults = [\"kil\"]\n"),
               Contains("some.toml:3:") && Contains("did you mean 'kill'"));
    CHECK_THAT(
        errors_of("victim = \"d\"\nload = \"net\"\nfaults = [\"kill\"]\n[points]\ncal = 4\n"),
        Contains("some.toml:5:") && Contains("did you mean 'call'"));
    CHECK_THAT(errors_of("load = \"net\"\nfaults = [\"kill\"]\n[points]\ncall = 1\n"),
               Contains("needs 'victim'"));
    CHECK_THAT(
        errors_of("victim = \"d\"\nload = \"net\"\nfaults = [\"trap\"]\n[points]\ntime = 9\n"),
        Contains("none of these faults happens at any of the points"));
}

TEST_CASE("all that is random in a trial follows from seed and number")
{
    const auto one = experiment();
    const auto order = one.order(7, 0, 1);
    std::array<u32, lab::kind_names.size()> kinds{};
    for (u32 n = 0; n < 3000; ++n) {
        const auto trial = lab::trial_of(order, n);
        const auto again = lab::trial_of(one.order(7, n, 5), n);
        REQUIRE(trial.seed == again.seed);
        REQUIRE(trial.n == again.n);
        REQUIRE(trial.point == again.point);
        REQUIRE(lab::applies(trial.kind, trial.point));
        REQUIRE(trial.n >= 1);
        REQUIRE(trial.n <= order.most[trial.point]);
        ++kinds[static_cast<usize>(trial.kind)];
    }
    for (const auto kind :
         {lab::FaultKind::kill, lab::FaultKind::fail_call, lab::FaultKind::drop_interrupt})
        CHECK(kinds[static_cast<usize>(kind)] > 800);
    CHECK(lab::trial_of(one.order(8, 0, 1), 0).seed != lab::trial_of(order, 0).seed);
}

TEST_CASE("an order says the same after it was written and read")
{
    const auto one = experiment();
    text::Buffer<400> line;
    lab::write_order(one.order(9, 125, 33), line);
    const auto read = lab::parse_order(line.view());
    REQUIRE(read);
    CHECK(read->name == "some");
    CHECK(read->victim == "disk0");
    CHECK(read->load == lab::Load::block);
    CHECK(read->kinds == one.kinds);
    CHECK(read->most == one.most);
    CHECK(read->seed == 9);
    CHECK(read->first == 125);
    CHECK(read->count == 33);
    CHECK_FALSE(lab::parse_order("name=x victim=y load=block kinds=2 most=1,2"));
    CHECK_FALSE(lab::parse_order("name=x kinds=0x2 most=0,0,0,0,0,0,0,0,0,0"));
}

TEST_CASE("the worst that was seen of a trial is its verdict")
{
    lab::Facts facts;
    CHECK(verdict_of(facts) == Verdict::no_effect);
    facts.findings.retries = 1;
    CHECK(verdict_of(facts) == Verdict::masked);
    facts.deaths = 1;
    CHECK(verdict_of(facts) == Verdict::other_hurt);  // of itself
    facts.fired = true;
    CHECK(verdict_of(facts) == Verdict::recovered);
    facts.deaths = 2;
    CHECK(verdict_of(facts) == Verdict::other_hurt);  // once more
    facts.times = 2;
    CHECK(verdict_of(facts) == Verdict::recovered);
    facts.deaths = 1;
    facts.hung = true;
    CHECK(verdict_of(facts) == Verdict::hang_recovered);
    facts.findings.error(Errc::peer_restarted);
    CHECK(verdict_of(facts) == Verdict::client_error);
    facts.findings.error(Errc::denied);
    CHECK(verdict_of(facts) == Verdict::odd_error);
    CHECK(facts.findings.why == Errc::denied);
    facts.findings.wrong(true, 5);
    CHECK(verdict_of(facts) == Verdict::detected);
    facts.findings.wrong(false, 6);
    CHECK(verdict_of(facts) == Verdict::undetected);
    CHECK(facts.findings.place == 5);
    facts.finished = false;
    CHECK(verdict_of(facts) == Verdict::never_recovered);
    facts.others = 1;
    CHECK(verdict_of(facts) == Verdict::other_hurt);
    facts.wild = 1;
    CHECK(verdict_of(facts) == Verdict::wild_dma);
    CHECK(without_dma(facts) == Verdict::other_hurt);
}

TEST_CASE("a line of the laboratory is read whole or not at all")
{
    const auto one = experiment();
    const auto read = parse_trial(line("recovered", "sealed=1 sector=128 client=13"), one, 7);
    REQUIRE(read);
    CHECK(read->id.text() == "some.7.12");
    CHECK(read->verdict == Verdict::recovered);
    CHECK(read->good_us == 1500);
    CHECK(read->sealed);
    CHECK(read->client == 13);
    CHECK_FALSE(parse_trial(line("recovered", "sealed=1 sector=128"), one, 7));
    CHECK_FALSE(parse_trial(line("wonderful", "sealed=1 sector=128 client=13"), one, 7));
    CHECK_FALSE(parse_trial("lab: done", one, 7));
}

TEST_CASE("a trial's name is read back, with points in the experiment's name too")
{
    const auto id = parse_id("a.b.7.12");
    REQUIRE(id);
    CHECK(id->experiment == "a.b");
    CHECK(id->seed == 7);
    CHECK(id->number == 12);
    for (const auto* wrong : {"", "a", "a.1", ".1.2", "a.x.2", "a.1.", "a.1.99999999999"})
        CHECK_FALSE(parse_id(wrong));
}

TEST_CASE("one bad verdict, or one thing left behind, and an experiment is not green")
{
    const auto green = [](const Tally& tally) {
        return std::ranges::all_of(judge(experiment(), tally), &Criterion::good);
    };
    Tally tally;
    for (u64 us = 1; us <= 100; ++us)
        tally.add(result(Verdict::recovered, us));
    tally.add(result(Verdict::wild_dma));
    CHECK(green(tally));
    CHECK_FALSE(green(Tally{}));
    for (const auto verdict : {Verdict::detected, Verdict::client_error, Verdict::odd_error}) {
        auto noticed = tally;
        noticed.add(result(verdict));
        CHECK(noticed.bad() == 0);
        CHECK_FALSE(green(noticed));
        auto patient = experiment();
        patient.accept.detected_percent = patient.accept.client_error_percent = 100;
        patient.accept.odd_error_percent = 100;
        CHECK(std::ranges::all_of(judge(patient, noticed), &Criterion::good));
    }
    for (const auto verdict : {Verdict::undetected, Verdict::other_hurt, Verdict::never_recovered,
                               Verdict::kernel_crash, Verdict::lab_error}) {
        auto worse = tally;
        worse.add(result(verdict));
        CHECK(worse.bad() == 1);
        CHECK_FALSE(green(worse));
    }
    auto tolerant = experiment();
    tolerant.accept.undetected_percent = 2;
    auto some = tally;
    some.add(result(Verdict::undetected));
    some.add(result(Verdict::undetected));
    CHECK(std::ranges::all_of(judge(tolerant, some), &Criterion::good));
    some.add(result(Verdict::undetected));
    CHECK_FALSE(std::ranges::all_of(judge(tolerant, some), &Criterion::good));
    auto tame = experiment();
    tame.accept.wild_percent = 0;
    CHECK_FALSE(std::ranges::all_of(judge(tame, tally), &Criterion::good));
    auto leaking = tally;
    leaking.add({.left = 4});
    CHECK_FALSE(green(leaking));
    auto slow = tally;
    for (int n = 0; n < 5; ++n)
        slow.add(result(Verdict::recovered, 60'001));
    CHECK_FALSE(green(slow));
    auto bursts = experiment();
    bursts.accept.p99_us = 0;
    bursts.accept.injected_percent = 200;
    CHECK_FALSE(std::ranges::all_of(judge(bursts, tally), &Criterion::good));
    auto several = tally;
    auto often = result(Verdict::recovered, 5);
    often.times = 103;
    several.add(often);
    CHECK(std::ranges::all_of(judge(bursts, several), &Criterion::good));
    Tally nobody;
    nobody.add({.fired = true});
    CHECK_FALSE(green(nobody));  // p99 of no recovery
    auto idle = tally;
    for (int n = 0; n < 200; ++n)
        idle.add({});
    CHECK_FALSE(green(idle));
}

TEST_CASE("a percentile is a value that was measured")
{
    CHECK(percentile({}, 50) == 0);
    CHECK(percentile({5}, 99) == 5);
    CHECK(percentile({1, 2, 3, 4}, 50) == 3);
    CHECK(percentile({1, 2, 3, 4}, 100) == 4);
}

TEST_CASE("a plan hands out every trial once, and with hours the next seed after that")
{
    const auto one = experiment();
    Plan plan;
    plan.add(one, 7, 0, 300);
    u32 next = 0;
    while (const auto chunk = plan.next()) {
        CHECK(chunk->first == next);
        CHECK(chunk->seed == 7);
        CHECK(chunk->count <= Plan::chunk);
        next += chunk->count;
    }
    CHECK(next == 300);
    Plan both;
    both.add(one, 7, 0, 300);
    both.add(one, 8, 0, 300);
    CHECK(both.next()->seed == 7);
    CHECK(both.next()->seed == 8);
    CHECK(both.next()->first == Plan::chunk);
    both.stop_after(std::chrono::seconds{0});
    both.begin();
    CHECK_FALSE(both.next());
    Plan late;
    late.add(one, 7, 0, 300);
    late.add(one, 8, 0, 300);
    late.stop_after(std::chrono::seconds{0});
    late.begin();
    CHECK(late.next()->seed == 7);
    CHECK(late.next()->seed == 8);  // none is left out
    CHECK_FALSE(late.next());
    plan.repeat_until(Clock::now() + std::chrono::hours{1});
    const auto more = plan.next();
    REQUIRE(more);
    CHECK(more->seed == 8);
    CHECK(more->first == 0);
    CHECK(plan.trials() == 600);
}

TEST_CASE("a sector that was sealed and is not on the medium is corruption that nobody noticed")
{
    const test::TempDir dir;
    const auto image = dir / "d.img";
    const auto write = [&](u64 sector, u64 version, u32 client, u64 at) {
        std::array<std::byte, 512> bytes{};
        block::put_stamp({sector, version, client}, bytes);
        std::fstream file{image, std::ios::binary | std::ios::in | std::ios::out};
        file.seekp(static_cast<std::streamoff>(at * 512));
        file.write(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    };
    make_sparse(image, u64{1} << 20);
    for (u64 n = 0; n < region_sectors; ++n)
        write(128 + n, last_version, 13, 128 + n);
    const auto seen = [&] {
        auto trial =
            parse_trial(line("recovered", "sealed=1 sector=128 client=13"), experiment(), 7);
        check_medium(image, std::span{&*trial, 1});
        return trial->verdict;
    };
    CHECK(seen() == Verdict::recovered);
    write(130, last_version - 1, 13, 130);  // lost
    CHECK(seen() == Verdict::undetected);
    write(130, last_version, 12, 130);  // somebody else's
    CHECK(seen() == Verdict::undetected);
    write(131, last_version, 13, 130);  // another sector's
    CHECK(seen() == Verdict::undetected);
    write(130, last_version, 13, 130);
    CHECK(seen() == Verdict::recovered);
}

TEST_CASE("what was flushed must be there after a loss of power: a flush follows its last write",
          "[U25]")
{
    const test::TempDir dir;
    const auto file = dir / "d.journal";
    const auto unsafe_after = [&](std::initializer_list<JournalEntry> entries) {
        std::vector<u64> words{0x6a736677736872, 1, 0, 512};
        words.resize(64);
        for (const auto& [flush, sector, sectors] : entries) {
            words.insert(words.end(), {sector, sectors, flush ? 1U : 0U, 0});
            words.resize(words.size() + 60 + sectors * 64);
        }
        write_file(file, std::span{reinterpret_cast<const u8*>(words.data()), words.size() * 8});
        return unsafe(read_journal(file), 128, 16);
    };
    const JournalEntry first{.sector = 128, .sectors = 8};
    const JournalEntry second{.sector = 136, .sectors = 8};
    const JournalEntry other{.sector = 256, .sectors = 8};
    const JournalEntry flush{.flush = true};
    CHECK_FALSE(unsafe_after({first, second, flush}));
    CHECK_FALSE(unsafe_after({other, flush, first, flush, second, flush, other, first, flush}));
    CHECK(unsafe_after({}) == "sectors from 128 were never written");
    CHECK(unsafe_after({first, flush, second}) == "no flush behind sector 136");
    CHECK(unsafe_after({first, second, other, flush})
          == "behind sector 136 sector 256 was written without a flush between");
    write_file(file, std::string_view{"something else"});
    CHECK_THROWS_AS(read_journal(file), Failure);
}

TEST_CASE("the report as JSON and as a page names experiments, verdicts and what is not green")
{
    Campaign campaign;
    campaign.results = {result(Verdict::recovered, 5), result(Verdict::undetected)};
    for (auto& trial : campaign.results)
        trial.id = {"some", 7, 3};
    const std::vector experiments{experiment()};
    const Report report{experiments, campaign};
    CHECK_FALSE(report.good());
    CHECK_THAT(json_of(report), Contains("\"green\": false") && Contains("\"some.7.3\"")
                                    && Contains("\"undetected\": 1"));
    CHECK_THAT(page_of(report),
               Contains("<h2>some (disk0)</h2>") && Contains("<svg") && Contains("class=red"));
}

TEST_CASE("options of fault say which trials")
{
    const std::array<const char*, 7> words{"vireo", "fault",    "block-kill", "--seed",
                                           "9",     "--trials", "5"};
    const auto parsed = parse_options(static_cast<int>(words.size()), words.data());
    const auto& options = std::get<Options>(parsed);
    CHECK(options.task == Task::fault);
    CHECK(options.fault.experiments == std::vector<std::string>{"block-kill"});
    CHECK(options.fault.seed == 9);
    CHECK(options.fault.trials == 5);
}

TEST_CASE("every experiment of the tree can be read")
{
    const auto all = load_experiments(VIREO_EXPERIMENTS);
    CHECK(all.size() >= 16);
    CHECK(chosen(all, {"block-kill"}).size() == 1);
    CHECK_THROWS_AS(chosen(all, {"block-kil"}), Failure);
}
