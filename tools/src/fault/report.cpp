// fault/report.cpp - tables.
#include "fault/report.hpp"

#include "text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace vireo::fault {
namespace {

constexpr usize shown_bad = 6;

// Short enough for a table.
constexpr std::array<std::string_view, lab::verdict_names.size()> columns{
    "none",  "masked", "recov", "hang",   "error", "odd", "detect",
    "UNDET", "OTHER",  "NEVER", "KERNEL", "wild",  "LAB"};

std::string row(std::string_view name, const Tally& tally)
{
    auto line = fmt::format("{:<20} {:>7}", name, tally.trials);
    for (const u64 count : tally.verdicts)
        line += count == 0 ? fmt::format(" {:>6}", "-") : fmt::format(" {:>6}", count);
    const auto times = tally.sorted(tally.good_us);
    if (!times.empty())
        line += fmt::format(" {:>8} {:>8} {:>8}", percentile(times, 50), percentile(times, 99),
                            times.back());
    return line + "\n";
}

std::string head(std::string_view name)
{
    auto line = fmt::format("{:<20} {:>7}", name, "trials");
    for (const auto column : columns)
        line += fmt::format(" {:>6}", column);
    return line + fmt::format(" {:>8} {:>8} {:>8}\n", "p50 us", "p99 us", "max us");
}

fs::path memory_file(const Project& project) { return project.root / "build/fault.trials"; }

}  // namespace

std::string_view verdict_name(const TrialResult& result)
{
    return lab::verdict_names[static_cast<usize>(result.verdict)];
}

std::string text_of(const TrialResult& r)
{
    auto text = fmt::format("{}: {}\n  {} of {} at {} {}, {}\n", r.id.text(), verdict_name(r),
                            lab::kind_names[r.kind], r.victim, lab::point_names[r.point], r.at,
                            r.fired ? "fired" : "not fired");
    if (r.verdict == lab::Verdict::wild_dma)
        text += fmt::format("  {} wild addresses; without them: {}\n", r.wild,
                            lab::verdict_names[static_cast<usize>(r.beside)]);
    text += fmt::format("  {} operations, {} errors ({}), {} retries, {} lost, {} wrong (at {})\n",
                        r.operations, r.errors, r.why, r.retries, r.lost, r.wrong, r.place);
    text +=
        fmt::format("  {} deaths; us from fault to death {}, to the next server {}, to its first"
                    " good answer {}\n",
                    r.deaths, r.dead_us, r.up_us, r.good_us);
    text +=
        fmt::format("  us that another server's client waited: {}; left behind: {:#x}; pc {:#x},"
                    " changed {:#x}\n",
                    r.worst_us, r.left, r.pc, r.where);
    return r.note.empty() ? text : text + fmt::format("  {}\n", r.note);
}

Report::Report(const std::vector<Experiment>& experiments, const Campaign& campaign)
    : campaign_{campaign}
{
    for (const auto& experiment : experiments) {
        Section section{.experiment = &experiment, .all = {}, .kinds = {}, .criteria = {}};
        for (const auto& result : campaign.results) {
            if (result.id.experiment != experiment.name)
                continue;
            section.all.add(result);
            section.kinds[result.kind].add(result);
        }
        section.criteria = judge(experiment, section.all);
        sections_.push_back(std::move(section));
    }
}

bool Report::good() const
{
    return std::ranges::all_of(sections_, [](const Section& section) {
        return std::ranges::all_of(section.criteria, &Criterion::good);
    });
}

void Report::print() const
{
    for (const auto& section : sections_) {
        fmt::print("\n{}", head(fmt::format("{} ({})", section.experiment->name,
                                            section.experiment->victim)));
        for (const auto& [kind, tally] : section.kinds)
            fmt::print("{}", row(lab::kind_names[kind], tally));
        if (section.kinds.size() > 1)
            fmt::print("{}", row("all", section.all));
        const auto worst = section.all.sorted(section.all.worst_us);
        fmt::print("  a client of another server waited p50 {} us, p99 {} us, at most {} us\n",
                   percentile(worst, 50), percentile(worst, 99), percentile(worst, 100));
        for (const auto& [text, good] : section.criteria)
            fmt::print("  {}: {}\n", good ? "green" : "RED", text);
    }
    print_bad();
    const double seconds = static_cast<double>(campaign_.took.count()) / 1000;
    const auto rest =
        campaign_.left_out == 0 ? "" : fmt::format(", no time for {} more", campaign_.left_out);
    fmt::print("\n{} trials in {} boots, {:.1f} s{}: {}\n", campaign_.results.size(),
               campaign_.boots, seconds, rest, good() ? "all green" : "NOT all green");
}

void Report::print_bad() const
{
    usize shown = 0;
    for (const auto& result : campaign_.results) {
        if (!lab::bad(result.verdict) && result.left == 0)
            continue;
        if (shown++ < shown_bad)
            fmt::print("\n{}  again: tools/vireo fault --replay {}\n", text_of(result),
                       result.id.text());
    }
    if (shown > shown_bad)
        fmt::print("\nand {} more of this kind\n", shown - shown_bad);
    for (const auto& directory : campaign_.kept)
        fmt::print("  run directory, kept: {}\n", directory);
}

void remember(const Project& project, const std::vector<TrialResult>& results)
{
    std::string text;
    for (const auto& result : results)
        text += fmt::format("{} {}\n", result.id.text(), verdict_name(result));
    write_file(memory_file(project), text);
}

std::optional<std::string> remembered(const Project& project, const TrialId& id)
{
    if (!fs::exists(memory_file(project)))
        return std::nullopt;
    const auto wanted = id.text() + " ";
    for (const auto& line : lines_of(read_text(memory_file(project))))
        if (line.starts_with(wanted))
            return line.substr(wanted.size());
    return std::nullopt;
}

}  // namespace vireo::fault
