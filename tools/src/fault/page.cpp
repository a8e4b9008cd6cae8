// fault/page.cpp - HTML with SVG inside.
#include "fault/page.hpp"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

namespace vireo::fault {
namespace {

constexpr std::string_view style =
    "body{font:14px sans-serif;max-width:70em;margin:2em auto;color:#222}"
    "table{border-collapse:collapse}td,th{padding:.2em .6em;text-align:right;"
    "border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}"
    ".red{color:#b00;font-weight:bold}.green{color:#080}svg{background:#f8f8f8}"
    "svg text{font-size:11px}";

constexpr u32 width = 640;
constexpr u32 buckets = 21;  // by powers of two, in microseconds

std::string table_of(const Report::Section& section)
{
    std::string out = "<table><tr><th>fault<th>trials";
    for (const auto name : lab::verdict_names)
        out += fmt::format("<th>{}", name);
    out += "<th>p50 us<th>p99 us<th>max us\n";
    const auto add = [&](std::string_view name, const Tally& tally) {
        out += fmt::format("<tr><td>{}<td>{}", name, tally.trials);
        for (usize i = 0; i < tally.verdicts.size(); ++i)
            out += fmt::format("<td{}>{}",
                               tally.verdicts[i] != 0 && lab::bad(static_cast<lab::Verdict>(i))
                                   ? " class=red"
                                   : "",
                               tally.verdicts[i]);
        const auto times = tally.sorted(tally.good_us);
        out += fmt::format("<td>{}<td>{}<td>{}\n", percentile(times, 50), percentile(times, 99),
                           percentile(times, 100));
    };
    for (const auto& [kind, tally] : section.kinds)
        add(lab::kind_names[kind], tally);
    add("all", section.all);
    return out + "</table>\n";
}

// How many recoveries took up to 1, 2, 4 ... microseconds.
std::string distribution_of(const Tally& tally)
{
    std::array<u64, buckets> counts{};
    for (const u64 us : tally.good_us)
        ++counts[std::min<usize>(static_cast<usize>(std::bit_width(us)), buckets - 1)];
    const u64 most = std::max<u64>(1, *std::ranges::max_element(counts));
    constexpr u32 height = 120;
    constexpr u32 step = width / buckets;
    auto out = fmt::format("<svg width={} height={}>", width, height + 20);
    for (u32 i = 0; i < buckets; ++i) {
        const auto high = static_cast<u32>(counts[i] * height / most);
        out += fmt::format("<rect x={} y={} width={} height={} fill=#47a><title>{} within {} us"
                           "</title></rect>",
                           i * step, height - high, step - 2, high, counts[i], u64{1} << i);
        if (i % 3 == 0)
            out += fmt::format("<text x={} y={}>{} us</text>", i * step, height + 14, u64{1} << i);
    }
    return out + "</svg>\n";
}

// From death to the next server, and on to its first good answer: half of the trials are quicker.
std::string timeline_of(const Report& report, const Report::Section& section)
{
    constexpr u32 row = 22;
    constexpr u32 left = 140;
    std::string rows;
    u32 y = 0;
    u64 longest = 1;
    const auto median = [&](usize kind, u64 TrialResult::* what) {
        std::vector<u64> values;
        for (const auto& result : report.campaign().results)
            if (result.id.experiment == section.experiment->name && result.kind == kind
                && result.good_us != 0 && result.deaths != 0)
                values.push_back(result.*what);
        std::ranges::sort(values);
        return percentile(values, 50);
    };
    for (const auto& [kind, tally] : section.kinds)
        longest = std::max(longest, median(kind, &TrialResult::good_us));
    for (const auto& [kind, tally] : section.kinds) {
        if (tally.good_us.empty())
            continue;
        const u64 up = median(kind, &TrialResult::up_us);
        const u64 good = std::max(up, median(kind, &TrialResult::good_us));
        const auto scale = [&](u64 us) { return us * (width - left) / longest; };
        rows += fmt::format("<text x=0 y={}>{}</text>"
                            "<rect x={} y={} width={} height=14 fill=#b55><title>{} us until the "
                            "next server</title></rect>"
                            "<rect x={} y={} width={} height=14 fill=#5a5><title>{} us more until "
                            "its first good answer</title></rect>\n",
                            y + 14, lab::kind_names[kind], left, y + 4, scale(up), up,
                            left + scale(up), y + 4, scale(good - up), good - up);
        y += row;
    }
    return rows.empty() ? rows
                        : fmt::format("<svg width={} height={}>{}</svg>\n", width, y + 4, rows);
}

}  // namespace

std::string page_of(const Report& report)
{
    auto out = fmt::format("<!doctype html><meta charset=utf-8><title>Faults</title>"
                           "<style>{}</style><h1>{} trials</h1><p>{} boots, {:.1f} s. Times are "
                           "microseconds of the guest's clock.\n",
                           style, report.campaign().results.size(), report.campaign().boots,
                           static_cast<double>(report.campaign().took.count()) / 1000);
    for (const auto& section : report.sections()) {
        out += fmt::format("<h2>{} ({})</h2>\n{}", section.experiment->name,
                           section.experiment->victim, table_of(section));
        for (const auto& [text, good] : section.criteria)
            out += fmt::format("<div class={}>{}</div>\n", good ? "green" : "red", text);
        if (!section.all.good_us.empty())
            out += "<h3>Recovery: from the death to the first good answer</h3>\n"
                   + distribution_of(section.all)
                   + "<h3>Half of the recoveries are quicker: until the next server serves, until "
                     "it has answered</h3>\n"
                   + timeline_of(report, section);
    }
    return out;
}

}  // namespace vireo::fault
