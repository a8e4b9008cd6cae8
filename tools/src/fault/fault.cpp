// fault/fault.cpp - `fault`: plans, runs, reports.
#include "fault/fault.hpp"

#include "failure.hpp"
#include "fault/campaign.hpp"
#include "fault/defects.hpp"
#include "fault/fault_ledger.hpp"
#include "fault/json.hpp"
#include "fault/page.hpp"
#include "fault/report.hpp"
#include "lock.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <unistd.h>

namespace vireo {
namespace {

using namespace fault;
using namespace std::chrono_literals;

constexpr auto plain_interval = 10s;  // of lines, where nobody looks at a terminal

u32 trials_of(const Experiment& experiment, const FaultOptions& options)
{
    return options.trials.value_or(options.full ? experiment.full : experiment.trials);
}

fs::path ledger_file(const Project& project) { return project.root / "docs/fault-ledger.md"; }

// With the ledger seeds go on where it ends.
Plan plan_of(const std::vector<Experiment>& experiments,
             const FaultOptions& options,
             const std::optional<FaultLedger>& ledger)
{
    Plan plan;
    for (const auto& one : experiments) {
        const u64 first = ledger ? ledger->next_seed(one) : one.seed;
        plan.add(one, options.seed.value_or(first), 0, trials_of(one, options));
    }
    if (options.limit != 0)
        plan.stop_after(std::chrono::seconds{options.limit});
    if (options.hours > 0)
        plan.repeat_until(Clock::now()
                          + std::chrono::duration_cast<Clock::duration>(
                              std::chrono::duration<double, std::ratio<3600>>{options.hours}));
    return plan;
}

std::string line_of(const Progress& progress)
{
    const double seconds = std::max(1.0, static_cast<double>(progress.took.count()));
    const double rate = static_cast<double>(progress.done) / seconds;
    const u64 rest = progress.planned - std::min(progress.done, progress.planned);
    return fmt::format("{}/{} trials, {} boots, {:.0f} a second, {} bad, {:.0f} s left",
                       progress.done, progress.planned, progress.boots, rate, progress.bad,
                       rate > 0 ? static_cast<double>(rest) / rate : 0.0);
}

// Follows a campaign: one line that changes, or on no terminal one now and then.
class Teller {
public:
    void operator()(const Progress& progress)
    {
        if (terminal_)
            fmt::print("\r  {}\x1b[K", line_of(progress));
        else if (Clock::now() >= next_)
            fmt::print("  {}\n", line_of(progress));
        else
            return;
        flush(stdout);
        next_ = Clock::now() + plain_interval;
    }
    void end() const
    {
        if (terminal_)
            fmt::print("\r\x1b[K");
    }

private:
    bool terminal_ = ::isatty(STDOUT_FILENO) == 1;
    Deadline next_ = Clock::now() + plain_interval;
};

Campaign carry_out(const Project& project,
                   const Options& options,
                   Plan& plan,
                   std::function<void(const std::vector<TrialResult>&)> boot = {})
{
    Teller teller;
    auto campaign = run_campaign(
        project, options, plan,
        {.progress = [&](const Progress& news) { teller(news); }, .boot = std::move(boot)});
    teller.end();
    if (campaign.interrupted && campaign.results.empty())
        throw Failure{Exit::interrupted, "interrupted"};
    return campaign;
}

int list(const std::vector<Experiment>& experiments)
{
    fmt::print("{:<20} {:<8} {:<7} {:>8} {:>9}  faults\n", "experiment", "victim", "load", "trials",
               "full");
    for (const auto& one : experiments) {
        std::string faults;
        for (usize kind = 0; kind < lab::kind_names.size(); ++kind)
            if ((one.kinds >> kind & 1) != 0)
                faults += fmt::format(" {}", lab::kind_names[kind]);
        fmt::print("{:<20} {:<8} {:<7} {:>8} {:>9} {}\n", one.name, one.victim,
                   lab::load_names[static_cast<usize>(one.load)], one.trials, one.full, faults);
    }
    return code(Exit::ok);
}

int replay(const Project& project, const Options& options, const std::vector<Experiment>& all)
{
    const auto id = parse_id(options.fault.replay);
    if (!id)
        throw Failure{Exit::usage, "cannot read --replay " + options.fault.replay,
                      "a trial is EXPERIMENT.SEED.NUMBER"};
    const auto experiments = chosen(all, {id->experiment});
    Plan plan;
    plan.add(experiments.front(), id->seed, id->number, 1);
    const auto campaign = carry_out(project, options, plan);
    const auto& result = campaign.results.front();
    fmt::print("{}", text_of(result));
    const auto before = remembered(project, *id);
    if (before)
        fmt::print("before it was {}: {}\n", *before,
                   *before == verdict_name(result) ? "the same" : "another verdict");
    else
        fmt::print("no run that is remembered had this trial\n");
    const bool bad = lab::bad(result.verdict) || result.left != 0;
    return code(bad ? Exit::test_failed : Exit::ok);
}

void write_files(const FaultOptions& options, const Report& report)
{
    if (!options.json.empty())
        write_file(options.json, json_of(report));
    if (!options.html.empty())
        write_file(options.html, page_of(report));
}

// The ledger has what was done up to the last boot, however this ends.
Campaign
explore(const Project& project, const Options& options, const std::vector<Experiment>& experiments)
{
    const bool noted = options.fault.ledger || (options.fault.hours > 0 && !options.fault.seed);
    if (!noted) {
        auto plan = plan_of(experiments, options.fault, std::nullopt);
        return carry_out(project, options, plan);
    }
    const auto lock = try_lock(project.root / "build/fault-ledger.lock");
    if (!lock)
        throw Failure{Exit::usage, "another campaign writes the ledger"};
    std::optional<FaultLedger> ledger{ledger_file(project)};
    auto plan = plan_of(experiments, options.fault, ledger);
    const auto version = version_of_sources(project.root);
    auto campaign = carry_out(project, options, plan, [&](const std::vector<TrialResult>& boot) {
        ledger->add(boot, version);
    });
    const auto sum = ledger->sum();
    fmt::print("the ledger has {} trials, {} faults, {} bad, {} wild, {} left something behind\n",
               sum.trials, sum.injected, sum.bad(), sum.count(lab::Verdict::wild_dma), sum.left);
    return campaign;
}

}  // namespace

int fault_lab(const Project& project, const Options& options)
{
    if (options.fault.defects)
        return try_defects(project, options);
    const auto all = load_experiments(project.root / "tests/fault");
    if (options.fault.list)
        return list(all);
    if (!options.fault.replay.empty())
        return replay(project, options, all);
    const auto experiments = chosen(all, options.fault.experiments);
    const auto campaign = explore(project, options, experiments);
    const Report report{experiments, campaign};
    remember(project, campaign.results);
    report.print();
    write_files(options.fault, report);
    if (campaign.interrupted)
        throw Failure{Exit::interrupted, "interrupted: these are the trials until then"};
    return code(report.good() ? Exit::ok : Exit::test_failed);
}

}  // namespace vireo
