// fault/fault_ledger.cpp - reads and adds lines of the ledger.
#include "fault/fault_ledger.hpp"

#include "text.hpp"

#include <fmt/format.h>

namespace vireo::fault {
namespace {

constexpr std::string_view heading = R"(# Faults so far

What campaigns of `tools/vireo fault --ledger` came to ([resilience.md](resilience.md)). A line is one seed of one
experiment; `version` is that of the sources, bad verdicts are in capitals. The tool adds lines, nobody takes one away.

| experiment | seed | version | trials | fired | verdicts |
|---|---|---|---|---|---|
)";

std::string verdicts_of(const Tally& tally)
{
    std::string out;
    for (usize i = 0; i < tally.verdicts.size(); ++i) {
        if (tally.verdicts[i] == 0)
            continue;
        std::string name{lab::verdict_names[i]};
        if (lab::bad(static_cast<lab::Verdict>(i)))
            for (char& c : name)
                c = static_cast<char>(std::toupper(c));
        out += fmt::format("{}{} {}", out.empty() ? "" : ", ", name, tally.verdicts[i]);
    }
    if (tally.left != 0)
        out += fmt::format(", LEFT_SOMETHING {}", tally.left);
    return out;
}

}  // namespace

FaultLedger::FaultLedger(fs::path file) : file_{std::move(file)}
{
    text_ = fs::exists(file_) ? read_text(file_) : std::string{heading};
}

u64 FaultLedger::next_seed(const Experiment& experiment) const
{
    u64 next = experiment.seed;
    const auto prefix = fmt::format("| {} | ", experiment.name);
    for (const auto& line : lines_of(text_))
        if (line.starts_with(prefix))
            next = std::max<u64>(next, std::stoull(line.substr(prefix.size())) + 1);
    return next;
}

void FaultLedger::add(const Report& report, const std::string& version)
{
    std::map<std::pair<std::string, u64>, Tally> tallies;
    for (const auto& result : report.campaign().results)
        tallies[{result.id.experiment, result.id.seed}].add(result);
    for (const auto& [key, tally] : tallies)
        text_ += fmt::format("| {} | {} | {} | {} | {} | {} |\n", key.first, key.second, version,
                             tally.trials, tally.fired, verdicts_of(tally));
    write_file(file_, text_);
}

}  // namespace vireo::fault
