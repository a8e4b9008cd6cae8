// bench.cpp - `bench`: runs the measuring system and prints its figures.
#include "bench.hpp"

#include "command_line.hpp"
#include "failure.hpp"
#include "guest.hpp"
#include "guest_log.hpp"
#include "text.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vireo {
namespace {

constexpr std::string_view block_prefix = "blk.";
constexpr std::string_view kernel_prefix = "kernel.";

// One way to run the measuring system. With sleep=off virtual time jumps over idle spells, which
// makes counts exact; with host I/O under way it would jump by seconds, so block paths run with
// sleep=on, and the worst of several runs counts, since completions batch as the host likes.
struct Phase {
    std::string argument;
    std::string icount;
    bool block;
    u32 runs;
};
const std::vector<Phase>& phases()
{
    static const std::vector<Phase> all{
        {"cpu", "shift=0,sleep=off", false, 1},
        {"blk", "shift=0,sleep=on", true, 3},
    };
    return all;
}

bool wanted(const Phase& phase, const std::string& prefix)
{
    const bool block_only = prefix.starts_with(block_prefix);
    if (prefix.starts_with(kernel_prefix))
        return false;
    return phase.block ? block_only || block_prefix.starts_with(prefix) : !block_only;
}

class NoCounter : public Failure {
public:
    NoCounter()
        : Failure{Exit::environment,
                  "the guest has no instruction counter, so there are no figures",
                  "its numbers would be times of this host, not costs of the system",
                  "run it with -icount and with counters = true in systems/bench.toml"}
    {
    }
};

// What the measuring program says.
struct Said {
    std::vector<Region> regions;
    bool done = false;
};

GuestListener listener_of(Said& said, bool verbose)
{
    GuestListener listener;
    if (verbose)
        listener.line = [](const std::string& text) { fmt::print(stderr, "{}\n", text); };
    listener.output = [&said](const std::string&, const std::string& text) {
        said.done = said.done || text == "PB-DONE";
        if (const auto region = parse_region(text))
            said.regions.push_back(*region);
    };
    return listener;
}

SystemOptions measuring_system(const Options& options, const Phase& phase)
{
    return {.system = "bench", .commands = {phase.argument}, .cpu = options.system.cpu};
}

[[noreturn]] void give_up(Launch& launch, const Phase& phase, const Judgement& judgement)
{
    launch.directory.keep();
    const bool answered = judgement.reason.empty();
    const auto why = answered ? fmt::format("status {}", judgement.code) : judgement.reason;
    throw Failure{answered ? Exit::test_failed : static_cast<Exit>(judgement.code),
                  "the measuring run '" + phase.argument + "' failed",
                  judgement.code == 0 ? "it never said PB-DONE" : why,
                  "look at " + (launch.directory.path() / "serial.log").string()};
}

std::vector<Region> measure_once(const Project& project, const Options& options, const Phase& phase)
{
    auto asked = options;
    asked.system = measuring_system(options, phase);
    auto launch = prepare_launch(project, asked, {.qemu = {"-icount", phase.icount}});
    if (options.verbose)
        fmt::print(stderr, "{}", printed_command_line(launch.argv));
    Said said;
    const auto judgement =
        judge(run_guest(project, launch, asked, listener_of(said, options.verbose)));
    if (judgement.code != 0 || !said.done)
        give_up(launch, phase, judgement);
    std::erase_if(said.regions, [&](const Region& region) {
        return region.name.starts_with(block_prefix) != phase.block;
    });
    for (const auto& region : said.regions)
        if (!region.counters.contains("insn") || region.counters.at("insn") == 0)
            throw NoCounter{};
    return said.regions;
}

// What the traced kernel says at its end: how long the lock was held and interrupts were masked.
std::vector<Region> longest_once(const Project& project, Options asked, const fs::path& system)
{
    auto traced = project;
    traced.flavour = "traced";
    asked.system.system = system.string();
    const Phase phase{system.stem().string(), "shift=0,sleep=off", false, 1};
    auto launch = prepare_launch(traced, asked, {.qemu = {"-icount", phase.icount}});
    std::vector<Region> regions;
    GuestListener listener;
    listener.line = [&](const std::string& text) {
        if (asked.verbose)
            fmt::print(stderr, "{}\n", text);
        const auto held = number_field(text, "lock_held");
        const auto masked = number_field(text, "irqs_masked");
        if (held && masked)
            regions = {{"kernel.lock_hold_max", 1, {{"insn", *held}}},
                       {"kernel.irq_masked_max", 1, {{"insn", *masked}}}};
    };
    const auto judgement = judge(run_guest(traced, launch, asked, listener));
    if (judgement.code != 0 || regions.empty())
        give_up(launch, phase, judgement);
    return regions;
}

// Random calls; the end of a process with much memory and many handles, and work for long.
std::vector<Region> measure_longest(const Project& project, const Options& options)
{
    std::vector<Region> regions;
    const auto suites = project.root / "tests/system/kernel";
    merge_worst(regions, longest_once(project, options, suites / "steps/exact.toml"));
    auto random = options;
    if (options.bench.calls)
        random.system.commands = {"77", std::to_string(*options.bench.calls), "20000"};
    merge_worst(regions, longest_once(project, random, suites / "fuzz/fuzz.toml"));
    return regions;
}

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
    for (const auto& phase : phases())
        for (u32 i = 0; wanted(phase, options.bench.name) && i < phase.runs; ++i)
            merge_worst(regions, measure_once(project, options, phase));
    const std::string& prefix = options.bench.name;
    if (prefix.starts_with(kernel_prefix) || kernel_prefix.starts_with(prefix))
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
    if (options.dry_run) {
        for (const auto& phase : phases()) {
            auto asked = options;
            asked.system = measuring_system(options, phase);
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
