// fault/trial_result.cpp - reads the laboratory's lines.
#include "fault/trial_result.hpp"

#include "guest_log.hpp"

namespace vireo::fault {
namespace {

template <usize N>
std::optional<usize> name_field(const std::string& line,
                                std::string_view key,
                                const std::array<std::string_view, N>& names)
{
    const auto value = field(line, key);
    return value ? lab::index_of(names, *value) : std::nullopt;
}

struct NumberField {
    std::string_view key;
    u64 TrialResult::* member;
};
constexpr std::array number_fields{
    NumberField{"at", &TrialResult::at},
    NumberField{"deaths", &TrialResult::deaths},
    NumberField{"ops", &TrialResult::operations},
    NumberField{"errors", &TrialResult::errors},
    NumberField{"retries", &TrialResult::retries},
    NumberField{"lost", &TrialResult::lost},
    NumberField{"wrong", &TrialResult::wrong},
    NumberField{"place", &TrialResult::place},
    NumberField{"dead_us", &TrialResult::dead_us},
    NumberField{"up_us", &TrialResult::up_us},
    NumberField{"good_us", &TrialResult::good_us},
    NumberField{"all_us", &TrialResult::all_us},
    NumberField{"worst_us", &TrialResult::worst_us},
    NumberField{"wild", &TrialResult::wild},
    NumberField{"left", &TrialResult::left},
    NumberField{"times", &TrialResult::times},
    NumberField{"pc", &TrialResult::pc},
    NumberField{"where", &TrialResult::where},
    NumberField{"sector", &TrialResult::sector},
    NumberField{"client", &TrialResult::client},
};

}  // namespace

std::optional<TrialResult>
parse_trial(const std::string& line, const Experiment& experiment, u64 seed)
{
    if (!line.starts_with("trial "))
        return std::nullopt;
    const auto number = number_field(line, "n");
    const auto verdict = name_field(line, "verdict", lab::verdict_names);
    const auto beside = name_field(line, "beside", lab::verdict_names);
    const auto kind = name_field(line, "kind", lab::kind_names);
    const auto point = name_field(line, "point", lab::point_names);
    if (!number || !verdict || !beside || !kind || !point)
        return std::nullopt;
    TrialResult result{.id = {experiment.name, seed, static_cast<u32>(*number)},
                       .victim = experiment.victim,
                       .kind = *kind,
                       .point = *point,
                       .verdict = static_cast<lab::Verdict>(*verdict),
                       .beside = static_cast<lab::Verdict>(*beside)};
    for (const auto& [key, member] : number_fields) {
        const auto value = number_field(line, key);
        if (!value)
            return std::nullopt;
        result.*member = *value;
    }
    result.fired = number_field(line, "fired").value_or(0) != 0;
    result.sealed = number_field(line, "sealed").value_or(0) != 0;
    result.why = field(line, "why").value_or("");
    return result;
}

TrialResult silent_trial(const Experiment& experiment,
                         u64 seed,
                         u32 number,
                         lab::Verdict verdict,
                         const std::string& note)
{
    const auto trial = lab::trial_of(experiment.order(seed, number, 1), number);
    return {.id = {experiment.name, seed, number},
            .victim = experiment.victim,
            .kind = static_cast<usize>(trial.kind),
            .point = trial.point,
            .at = trial.n,
            .verdict = verdict,
            .beside = verdict,
            .fired = true,
            .note = note};
}

}  // namespace vireo::fault
