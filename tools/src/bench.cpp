// bench.cpp - `bench`: runs the measuring system and prints its figures.
#include "against.hpp"
#include "bench_phases.hpp"
#include "command_line.hpp"
#include "failure.hpp"
#include "launch.hpp"
#include "text.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vireo {
namespace {

std::vector<std::string> names_of(const std::vector<Region>& regions)
{
    std::vector<std::string> names;
    for (const auto& region : regions)
        if (!std::ranges::contains(names, region.name))
            names.push_back(region.name);
    return names;
}

std::vector<Region> measure(const Project& project, const Options& options)
{
    std::vector<Region> regions;
    const std::string& prefix = options.bench.name;
    for (const auto& phase : phases_for(prefix))
        for (u32 i = 0; i < phase.runs; ++i)
            merge_worst(regions, measure_once(project, options, phase));
    if (wants_longest(prefix))
        merge_worst(regions, measure_longest(project, options));
    const auto measured = names_of(regions);
    std::erase_if(regions, [&](const Region& region) {
        return !region.name.starts_with(options.bench.name);
    });
    if (regions.empty() && !options.bench.name.empty())
        throw Failure{Exit::usage,
                      fmt::format("nothing that is measured has a name that starts with '{}'{}",
                                  options.bench.name, suggestion(options.bench.name, measured)),
                      "measured were: " + join(measured, ", "), "tools/vireo bench measures all"};
    return regions;
}

void print_json(const Figure& figure)
{
    nlohmann::ordered_json json{{"name", figure.name},
                                {"metric", figure.metric},
                                {"value", figure.value},
                                {"n", figure.operations},
                                {"budget", nullptr}};
    if (figure.limit)
        json["budget"] = *figure.limit;
    fmt::print("{}\n", json.dump());
}

void print_table(const std::vector<Figure>& figures)
{
    fmt::print("{:<24} {:<11} {:>14} {:>9} {:>12}\n", "name", "metric", "value", "n", "budget");
    for (const auto& figure : figures)
        fmt::print("{:<24} {:<11} {:>14.2f} {:>9} {:>12}{}\n", figure.name, figure.metric,
                   figure.value, figure.operations,
                   figure.limit ? fmt::format("{:g}", *figure.limit) : "",
                   figure.exceeded() ? "  EXCEEDED" : "");
    fmt::print(
        "guest instructions are exact; ns is virtual time and says nothing about this host\n");
}

}  // namespace

int bench(const Project& project, const Options& options)
{
    if (!options.bench.against.empty())
        return bench_against(project, options);
    if (options.dry_run) {
        for (const auto& phase : phases_for("")) {
            auto asked = options;
            asked.system = system_of(options, phase);
            const LaunchKind kind{.qemu = {"-icount", phase.icount}, .variant = phase.argument};
            const auto launch = prepare_launch(project, asked, kind);
            fmt::print("{}", printed_command_line(launch.argv));
        }
        return code(Exit::ok);
    }
    auto budgets = parse_budgets(read_text(project.budgets()), project.shown(project.budgets()));
    if (options.system.cpu)
        budgets.clear();
    const auto figures = figures_of(measure(project, options), budgets);
    if (options.bench.json)
        std::ranges::for_each(figures, print_json);
    else
        print_table(figures);
    flush(stdout);
    const auto missing = unmeasured(figures, budgets, options.bench.name);
    for (const auto& budget : missing)
        fmt::print(stderr, "vireo: error: nothing was measured for the budget of {} {}\n",
                   budget.name, budget.metric);
    for (const auto& figure : figures)
        if (figure.exceeded())
            fmt::print(stderr, "vireo: error: {} {} is {:g}, its budget is {:g}\n", figure.name,
                       figure.metric, figure.value, figure.limit.value_or(0));
    const bool good = missing.empty() && std::ranges::none_of(figures, &Figure::exceeded);
    return code(good ? Exit::ok : Exit::test_failed);
}

}  // namespace vireo
