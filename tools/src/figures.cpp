// figures.cpp - the numbers of `bench`: regions as the guest prints them, budgets, what exceeds
// what.
#include "bench.hpp"
#include "guest_log.hpp"
#include "table_reader.hpp"

#include <algorithm>
#include <array>
#include <sstream>

#include <fmt/format.h>

namespace vireo {
namespace {

constexpr std::array metrics{"insn", "exceptions",   "switches", "notifies", "irqs",
                             "mmio", "timer_writes", "ns",       "bytes"};

bool is_metric(const std::string& name) { return std::ranges::contains(metrics, name); }

double per_operation(const Region& region, u64 count)
{
    return static_cast<double>(count) / static_cast<double>(region.operations);
}

const Budget*
budget_of(const std::vector<Budget>& budgets, const std::string& name, const std::string& metric)
{
    const auto found = std::ranges::find_if(budgets, [&](const Budget& budget) {
        return budget.name == name && budget.metric == metric;
    });
    return found == budgets.end() ? nullptr : &*found;
}

// A limit is a whole number or a fraction.
std::optional<double> limit_of(const toml::node& node)
{
    const auto value = node.value<double>();
    return value && *value >= 0 ? value : std::nullopt;
}

}  // namespace

std::optional<Region> parse_region(const std::string& line)
{
    std::istringstream words{line};
    std::string mark;
    u64 number = 0;
    Region region;
    if (!(words >> mark >> number >> region.name) || mark != "RES")
        return std::nullopt;
    region.operations = number_field(line, "n").value_or(0);
    if (region.operations == 0)
        return std::nullopt;
    for (const std::string metric : metrics)
        if (const auto value = number_field(line, metric))
            region.counters[metric] = *value;
    return region;
}

std::vector<Budget> parse_budgets(const std::string& text, const std::string& file)
{
    Diagnostics errors{file, text};
    toml::table table;
    try {
        table = toml::parse(std::string_view{text}, std::string_view{file});
    } catch (const toml::parse_error& error) {
        errors.error({error.source().begin.line, error.source().begin.column},
                     std::string{error.description()});
    }
    std::vector<Budget> budgets;
    TableReader in{table, "the file", errors};
    in.each_table("limits", [&](const Spelled& name, const toml::table& limits) {
        for (const auto& [key, value] : limits) {
            const std::string metric{key.str()};
            const auto limit = limit_of(value);
            if (!is_metric(metric))
                errors.error(place_of(value), fmt::format("there is no metric '{}'", metric));
            else if (!limit)
                errors.error(place_of(value), "a limit is a number that is not negative");
            else
                budgets.push_back({name.text, metric, *limit});
        }
    });
    in.finish();
    errors.check();
    return budgets;
}

void merge_worst(std::vector<Region>& into, const std::vector<Region>& more)
{
    for (const auto& region : more) {
        const auto known = std::ranges::find(into, region.name, &Region::name);
        if (known == into.end()) {
            into.push_back(region);
            continue;
        }
        for (const auto& [metric, value] : region.counters) {
            auto& worst = known->counters[metric];
            if (per_operation(region, value) > per_operation(*known, worst))
                worst = static_cast<u64>(per_operation(region, value)
                                         * static_cast<double>(known->operations));
        }
    }
}

std::vector<Figure> figures_of(const std::vector<Region>& regions,
                               const std::vector<Budget>& budgets)
{
    std::vector<Figure> figures;
    for (const auto& region : regions) {
        for (const std::string metric : metrics) {
            const auto found = region.counters.find(metric);
            const auto* budget = budget_of(budgets, region.name, metric);
            const bool nothing =
                found == region.counters.end() || (metric == "bytes" && found->second == 0);
            if (nothing)
                continue;
            figures.push_back(
                {.name = region.name,
                 .metric = metric,
                 .value = per_operation(region, found->second),
                 .operations = region.operations,
                 .limit = budget != nullptr ? std::optional{budget->limit} : std::nullopt});
        }
    }
    return figures;
}

std::vector<Budget> unmeasured(const std::vector<Figure>& figures,
                               const std::vector<Budget>& budgets,
                               const std::string& prefix)
{
    std::vector<Budget> out;
    for (const auto& budget : budgets) {
        const bool measured = std::ranges::any_of(figures, [&](const Figure& figure) {
            return figure.name == budget.name && figure.metric == budget.metric;
        });
        if (!measured && budget.name.starts_with(prefix))
            out.push_back(budget);
    }
    return out;
}

}  // namespace vireo
