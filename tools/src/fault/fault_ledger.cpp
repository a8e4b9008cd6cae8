// fault/fault_ledger.cpp - reads the ledger's lines, and writes them with new ones.
#include "fault/fault_ledger.hpp"

#include "diagnostics.hpp"
#include "failure.hpp"
#include "ledger.hpp"
#include "text.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace vireo::fault {
namespace {

constexpr std::string_view heading = R"(# Faults so far

What campaigns of `tools/vireo fault --ledger` came to ([resilience.md](resilience.md#campaigns) says how to read it).
The tool adds lines, and nobody takes one away.

| experiment | seeds | version | trials | faults | bad | wild | verdicts |
|---|---|---|---|---|---|---|---|
)";
constexpr usize cells = 8;
constexpr std::string_view left_behind = "left_behind";

std::string verdicts_of(const Tally& sum)
{
    std::vector<std::string> all;
    for (usize i = 0; i < sum.verdicts.size(); ++i)
        if (sum.verdicts[i] != 0)
            all.push_back(fmt::format("{} {}", lab::verdict_names[i], sum.verdicts[i]));
    if (sum.left != 0)
        all.push_back(fmt::format("{} {}", left_behind, sum.left));
    return join(all, ", ");
}

std::string text_of(const FaultLedger::Line& line)
{
    return fmt::format("| {} | {}-{} | {} | {} | {} | {} | {} | {} |\n", line.experiment,
                       line.first, line.last, line.version, line.sum.trials, line.sum.injected,
                       line.sum.bad(), line.sum.count(lab::Verdict::wild_dma),
                       verdicts_of(line.sum));
}

// Without the times, of which a line says nothing.
void add(Tally& sum, const Tally& more)
{
    sum.trials += more.trials;
    sum.injected += more.injected;
    sum.left += more.left;
    for (usize i = 0; i < sum.verdicts.size(); ++i)
        sum.verdicts[i] += more.verdicts[i];
}

std::vector<std::string> split(std::string_view text, std::string_view separator)
{
    std::vector<std::string> parts;
    for (;;) {
        const auto at = text.find(separator);
        parts.emplace_back(text.substr(0, at));
        if (at == std::string_view::npos)
            return parts;
        text.remove_prefix(at + separator.size());
    }
}

std::optional<u64> number_of(std::string_view text)
{
    u64 value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional{value}
                                                                    : std::nullopt;
}

// "recovered 12, left_behind 1": false if a word is no verdict.
bool read_verdicts(const std::string& text, Tally& sum)
{
    for (const auto& one : split(text, ", ")) {
        const auto words = split(one, " ");
        const auto count = number_of(words.back());
        const auto verdict = lab::index_of(lab::verdict_names, words.front());
        if (words.size() != 2 || !count || (!verdict && words.front() != left_behind))
            return false;
        (verdict ? sum.verdicts[*verdict] : sum.left) += *count;
    }
    return true;
}

// What a line says must be what it would say again. An empty text: it is as it should be.
std::string mistake_in(const std::string& text, FaultLedger::Line& line)
{
    auto parts = split(text, " | ");
    if (parts.size() != cells || !text.starts_with("| ") || !text.ends_with(" |"))
        return fmt::format("a line of the ledger has {} cells", cells);
    const auto seeds = split(parts[1], "-");
    const auto first = number_of(seeds.front());
    const auto last = number_of(seeds.back());
    const auto trials = number_of(parts[3]);
    const auto faults = number_of(parts[4]);
    if (seeds.size() != 2 || !first || !last || *first > *last || !trials || !faults)
        return "seeds are FROM-TO, trials and faults are numbers";
    line = {parts[0].substr(2), *first, *last, parts[2], {}};
    line.sum.trials = *trials;
    line.sum.injected = *faults;
    if (parts[7].resize(parts[7].size() - 2); !read_verdicts(parts[7], line.sum))
        return "'" + parts[7] + "' are no verdicts";
    if (text + "\n" != text_of(line))
        return "bad, wild or verdicts do not belong together";
    u64 verdicts = 0;
    for (const u64 count : line.sum.verdicts)
        verdicts += count;
    return verdicts == line.sum.trials ? "" : "there is not one verdict for each trial";
}

bool same_seeds(const FaultLedger::Line& a, const FaultLedger::Line& b)
{
    return a.experiment == b.experiment && a.first <= b.last && b.first <= a.last;
}

std::vector<FaultLedger::Line> read(const fs::path& file)
{
    const auto text = read_text(file);
    Diagnostics errors{file.string(), text};
    std::vector<FaultLedger::Line> all;
    if (!text.starts_with(heading))
        errors.error({}, "this is not how a ledger of faults begins");
    errors.check();
    u32 number = static_cast<u32>(std::ranges::count(heading, '\n'));
    for (const auto& one : lines_of(std::string_view{text}.substr(heading.size()))) {
        FaultLedger::Line line;
        auto mistake = mistake_in(one, line);
        if (mistake.empty()
            && std::ranges::any_of(all, [&](const auto& old) { return same_seeds(old, line); }))
            mistake = "these seeds are in a line before";
        if (++number; !mistake.empty())
            errors.error({number, 1}, mistake);
        all.push_back(line);
    }
    errors.check();
    return all;
}

bool is_run(const fs::path& file)
{
    const auto top = *file.begin();
    const auto next = std::next(file.begin());
    const bool test = top == "tests" && *next != "fault" && *next != "peer";
    return top != "docs" && !test && file.extension() != ".md";
}

}  // namespace

std::string version_of_sources(const fs::path& root)
{
    auto files = source_files(root);
    std::erase_if(files,
                  [&](const fs::path& file) { return !is_run(file.lexically_relative(root)); });
    return fmt::format("{:016x}", hash_of_files(root, files)).substr(4);
}

FaultLedger::FaultLedger(fs::path file) : file_{std::move(file)}
{
    if (!fs::exists(file_))
        return;
    lines_ = read(file_);
    written_ = read_text(file_);
}

u64 FaultLedger::next_seed(const Experiment& experiment) const
{
    u64 next = experiment.seed;
    for (const auto& line : lines_)
        if (line.experiment == experiment.name)
            next = std::max(next, line.last + 1);
    return next;
}

// The newest of its experiment, or a new one. Guests end in any order, so seeds do too.
FaultLedger::Line& FaultLedger::line_of(const TrialId& id, const std::string& version)
{
    const auto newest = std::find_if(lines_.rbegin(), lines_.rend(), [&](const Line& line) {
        return line.experiment == id.experiment;
    });
    if (newest == lines_.rend() || newest->version != version)
        return lines_.emplace_back(Line{id.experiment, id.seed, id.seed, version, {}});
    newest->first = std::min(newest->first, id.seed);
    newest->last = std::max(newest->last, id.seed);
    return *newest;
}

void FaultLedger::add(const std::vector<TrialResult>& results, const std::string& version)
{
    for (const auto& result : results) {
        Tally one;
        one.add(result);
        fault::add(line_of(result.id, version).sum, one);
    }
    if ((fs::exists(file_) ? read_text(file_) : std::string{}) != written_)
        throw Failure{Exit::environment, "somebody else changed " + file_.filename().string(),
                      "this campaign would take back what they wrote",
                      "start it again: it goes on behind the seeds that are there"};
    written_ = heading;
    for (const auto& line : lines_)
        written_ += text_of(line);
    write_file(file_, written_);
}

Tally FaultLedger::sum() const
{
    Tally all;
    for (const auto& line : lines_)
        fault::add(all, line.sum);
    return all;
}

}  // namespace vireo::fault
