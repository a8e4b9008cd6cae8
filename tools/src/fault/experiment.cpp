// fault/experiment.cpp - from the text of an experiment to orders.
#include "fault/experiment.hpp"

#include "failure.hpp"
#include "table_reader.hpp"
#include "text.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace vireo::fault {
namespace {

constexpr Range counts{1, 10'000'000};
constexpr Range events{1, 100'000'000};
constexpr Range seeds{0, ~u64{0} >> 1};
constexpr Range percents{0, 100};
constexpr Range shares{0, 100'000};    // percent, of what there may be several
constexpr Range times{0, 60'000'000};  // microseconds

template <usize N>
std::vector<std::string> words_of(const std::array<std::string_view, N>& names, usize first = 0)
{
    return {names.begin() + static_cast<std::ptrdiff_t>(first), names.end()};
}

u32 read_faults(TableReader& in)
{
    u32 kinds = 0;
    for (const auto& [name, at] : in.texts("faults")) {
        const auto kind = lab::index_of(lab::kind_names, name);
        if (kind && *kind != 0)
            kinds |= 1U << *kind;
        else
            in.errors().error(at, fmt::format("there is no fault '{}'{}", name,
                                              suggestion(name, words_of(lab::kind_names, 1))));
    }
    return kinds;
}

void read_points(TableReader& in, Experiment& into)
{
    const auto* found = in.table("points");
    if (found == nullptr)
        return;
    TableReader points{*found, "[points]", in.errors()};
    for (usize point = 1; point < into.most.size(); ++point)
        if (const std::string name{lab::point_names[point]}; points.has(name))
            into.most[point] = static_cast<u32>(points.number(name, 0, events));
    points.finish();
}

void read_acceptance(TableReader& in, Acceptance& into)
{
    const auto* found = in.table("accept");
    if (found == nullptr)
        return;
    TableReader accept{*found, "[accept]", in.errors()};
    into.undetected_percent = accept.number("undetected_percent", 0, percents);
    into.never_percent = accept.number("never_percent", 0, percents);
    into.detected_percent = accept.number("detected_percent", 0, percents);
    into.client_error_percent = accept.number("client_error_percent", 0, percents);
    into.odd_error_percent = accept.number("odd_error_percent", 0, percents);
    into.wild_percent = accept.number("wild_percent", 100, percents);
    into.fired_percent = accept.number("fired_percent", 0, percents);
    into.injected_percent = accept.number("injected_percent", 0, shares);
    into.p50_us = accept.number("p50_us", 0, times);
    into.p99_us = accept.number("p99_us", 0, times);
    accept.finish();
}

std::optional<u64> number_of(std::string_view text)
{
    u64 value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty()
               ? std::optional{value}
               : std::nullopt;
}

}  // namespace

lab::Order Experiment::order(u64 seed_of_run, u32 first, u32 count) const
{
    return {.name = name,
            .victim = victim,
            .load = load,
            .kinds = kinds,
            .most = most,
            .seed = seed_of_run,
            .first = first,
            .count = count,
            .period = period};
}

Experiment parse_experiment(const std::string& text, const std::string& file)
{
    const auto table = parse_toml(text, file);
    Diagnostics errors{file, text};
    TableReader in{table, "the file", errors};
    Experiment experiment;
    experiment.name = fs::path{file}.stem().string();
    experiment.victim = in.required_text("victim").text;
    (void)in.required_text("load");
    const auto load = in.choice("load", "block", words_of(lab::load_names));
    experiment.load = static_cast<lab::Load>(lab::index_of(lab::load_names, load).value_or(0));
    experiment.seed = in.number("seed", 1, seeds);
    experiment.trials = static_cast<u32>(in.number("trials", 100, counts));
    experiment.full = static_cast<u32>(in.number("full", experiment.trials, counts));
    experiment.period = static_cast<u32>(in.has("period") ? in.number("period", 0, events) : 0);
    experiment.kinds = read_faults(in);
    read_points(in, experiment);
    read_acceptance(in, experiment.accept);
    in.finish();
    if (!errors.any() && !experiment.order(0, 0, 0).sound())
        errors.error(in.place("faults"), "none of these faults happens at any of the points");
    errors.check();
    return experiment;
}

std::vector<Experiment> load_experiments(const fs::path& folder)
{
    std::vector<fs::path> files;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator{folder, none})
        if (entry.path().extension() == ".toml")
            files.push_back(entry.path());
    std::ranges::sort(files);
    std::vector<Experiment> all;
    for (const auto& file : files)
        all.push_back(parse_experiment(read_text(file), file.string()));
    return all;
}

std::vector<Experiment> chosen(std::vector<Experiment> all, const std::vector<std::string>& names)
{
    std::vector<std::string> known;
    for (const auto& one : all)
        known.push_back(one.name);
    for (const auto& name : names)
        if (!std::ranges::contains(known, name))
            throw Failure{
                Exit::usage,
                fmt::format("there is no experiment '{}'{}", name, suggestion(name, known)),
                "known are: " + join(known, ", "), "tools/vireo fault --list"};
    if (!names.empty())
        std::erase_if(
            all, [&](const Experiment& one) { return !std::ranges::contains(names, one.name); });
    return all;
}

std::string TrialId::text() const { return fmt::format("{}.{}.{}", experiment, seed, number); }

std::optional<TrialId> parse_id(const std::string& text)
{
    const auto last = text.rfind('.');
    const auto middle = last == std::string::npos || last == 0 ? last : text.rfind('.', last - 1);
    if (middle == std::string::npos || middle == 0)
        return std::nullopt;
    const auto seed = number_of(std::string_view{text}.substr(middle + 1, last - middle - 1));
    const auto number = number_of(std::string_view{text}.substr(last + 1));
    if (!seed || !number || *number > 0xffff'ffff)
        return std::nullopt;
    return TrialId{text.substr(0, middle), *seed, static_cast<u32>(*number)};
}

}  // namespace vireo::fault
