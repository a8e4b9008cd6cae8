// comparison.cpp - medians and ratios of two systems, as a table, JSON, CSV or a page.
#include "comparison.hpp"

#include "guest_log.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vireo {
namespace {

// As the counter calls them, and as we do.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> counts{{
    {"insn", "insn"},
    {"eret", "exceptions"},
    {"irqs", "irqs"},
    {"notifies", "notifies"},
    {"mmio", "mmio"},
    {"wfi", "idle"},
}};
constexpr std::array metrics{"insn", "exceptions", "irqs", "notifies", "mmio", "idle", "ns"};

std::map<std::string, std::string> lines_by_name(const std::string& text)
{
    std::map<std::string, std::string> lines;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);)
        lines[line.substr(0, line.find(' '))] = line;
    return lines;
}

std::optional<double>
median_of(const std::vector<Run>& runs, const std::string& name, const std::string& metric)
{
    std::vector<double> values;
    for (const auto& run : runs)
        for (const auto& region : run)
            if (const auto found = region.counters.find(metric);
                region.name == name && found != region.counters.end())
                values.push_back(static_cast<double>(found->second)
                                 / static_cast<double>(region.operations));
    if (values.empty())
        return std::nullopt;
    std::ranges::sort(values);
    const auto middle = values.size() / 2;
    return values.size() % 2 != 0 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

// Three digits are enough to see, and none is made up.
std::string short_number(double value)
{
    if (value >= 100 || value == std::floor(value))
        return fmt::format("{:.0f}", value);
    return fmt::format("{:.{}f}", value, value >= 10 ? 1 : 2);
}

std::string ratio_text(const Row& row)
{
    const auto ratio = row.ratio();
    return ratio ? fmt::format("{} x", short_number(*ratio)) : "";
}

// Times are told in microseconds.
double shown(const Row& row, double value) { return row.metric == "ns" ? value / 1000 : value; }
std::string shown_metric(const Row& row) { return row.metric == "ns" ? "us" : row.metric; }

std::string escaped(const std::string& text)
{
    std::string out;
    for (const char c : text)
        out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string{c};
    return out;
}

std::string header(const Subject& subject)
{
    return fmt::format("{}; {}; medians of {} {}", subject.theirs, subject.qemu, subject.runs,
                       subject.runs == 1 ? "run" : "runs");
}

}  // namespace

std::optional<double> Row::ratio() const
{
    return ours > 0 && theirs > 0 ? std::optional{theirs / ours} : std::nullopt;
}

Run counted(const Run& said, const std::string& counter)
{
    const auto lines = lines_by_name(counter);
    Run run;
    u64 number = 0;
    for (const auto& region : said) {
        const auto name = region.name == "boot" ? "hello" : std::to_string(number++);
        const auto line = lines.find(name);
        if (line == lines.end())
            continue;
        Region with{.name = region.name, .operations = region.operations, .counters = {}};
        for (const auto& [theirs, ours] : counts)
            if (const auto value = number_field(line->second, std::string{theirs}))
                with.counters[std::string{ours}] = *value;
        run.push_back(std::move(with));
    }
    return run;
}

std::vector<Row> compare(const std::vector<Run>& ours, const std::vector<Run>& theirs)
{
    std::vector<Row> rows;
    if (ours.empty())
        return rows;
    for (const auto& region : ours.front())
        for (const auto* const each : metrics) {
            const std::string metric{each};
            const auto one = median_of(ours, region.name, metric);
            const auto other = median_of(theirs, region.name, metric);
            if (one && other)
                rows.push_back({region.name, metric, *one, *other, region.operations});
        }
    return rows;
}

// One line a region; an event is told as ours/theirs.
std::string as_table(const std::vector<Row>& rows, const Subject& subject)
{
    constexpr std::array events{"exceptions", "irqs", "notifies"};
    auto text = header(subject) + "\n";
    text += fmt::format("{:<22} {:>9} {:>10} {:>7}  {:>11} {:>11} {:>11} {:>8} {:>8} {:>7}\n",
                        "name", "insn", "Linux", "ratio", events[0], events[1], events[2], "us",
                        "Linux", "ratio");
    for (const auto& row : rows) {
        if (row.metric != "insn")
            continue;
        const auto find = [&](const std::string& metric) {
            const auto found = std::ranges::find_if(rows, [&](const Row& other) {
                return other.name == row.name && other.metric == metric;
            });
            return found == rows.end() ? Row{} : *found;
        };
        text += fmt::format("{:<22} {:>9} {:>10} {:>7} ", row.name, short_number(row.ours),
                            short_number(row.theirs), ratio_text(row));
        for (const std::string event : events) {
            const auto each = find(event);
            text +=
                fmt::format(" {:>11}", short_number(each.ours) + "/" + short_number(each.theirs));
        }
        const auto time = find("ns");
        text += fmt::format(" {:>8} {:>8} {:>7}\n", short_number(time.ours / 1000),
                            short_number(time.theirs / 1000), ratio_text(time));
    }
    return text;
}

std::string as_json(const std::vector<Row>& rows, const Subject& subject)
{
    std::string text;
    for (const auto& row : rows) {
        nlohmann::ordered_json json{
            {"name", row.name},     {"metric", row.metric},   {"vireo", row.ours},
            {"linux", row.theirs},  {"ratio", nullptr},       {"n", row.operations},
            {"runs", subject.runs}, {"peer", subject.theirs}, {"qemu", subject.qemu}};
        if (const auto ratio = row.ratio())
            json["ratio"] = *ratio;
        text += json.dump() + "\n";
    }
    return text;
}

std::string as_csv(const std::vector<Row>& rows)
{
    std::string text = "name,metric,vireo,linux,ratio,n\n";
    for (const auto& row : rows)
        text += fmt::format("{},{},{:g},{:g},{},{}\n", row.name, row.metric, row.ours, row.theirs,
                            row.ratio() ? fmt::format("{:g}", *row.ratio()) : "", row.operations);
    return text;
}

std::string as_html(const std::vector<Row>& rows, const Subject& subject)
{
    std::string body;
    for (const auto& row : rows) {
        const double width = row.ratio() ? 20 * std::clamp(std::log10(*row.ratio()), 0.0, 4.0) : 0;
        body += fmt::format("<tr class=\"{}\"><td>{}<td>{}<td>{}<td>{}<td>{}<td><i style=\"width:"
                            "{:.0f}%\"></i>\n",
                            row.metric, escaped(row.name), shown_metric(row),
                            short_number(shown(row, row.ours)),
                            short_number(shown(row, row.theirs)), ratio_text(row), width);
    }
    return fmt::format(
        R"(<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Vireo and Linux</title>
<style>
body {{ font: 15px/1.5 sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ padding: .2em .8em; text-align: right; border-bottom: 1px solid #ddd }}
th:first-child, td:first-child, td:nth-child(2), td:last-child {{ text-align: left }}
tr.insn td {{ border-top: 2px solid #888; font-weight: bold }}
td:last-child {{ width: 25% }}
i {{ display: block; height: .8em; background: #486 }}
</style>
<h1>Vireo and Linux</h1>
<p>The same emulator, devices and workload; per operation, {}. A bar is the ratio, a fifth of its
width for each power of ten. Instructions and events are counted by QEMU; times are this host's.
<table><tr><th>region<th>per operation<th>Vireo<th>Linux<th>ratio<th>
{}</table></html>
)",
        escaped(header(subject)), body);
}

}  // namespace vireo
