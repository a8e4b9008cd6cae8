// fault/json.cpp - a campaign as JSON.
#include "fault/json.hpp"

#include <nlohmann/json.hpp>

namespace vireo::fault {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Tally& tally)
{
    Json verdicts = Json::object();
    for (usize i = 0; i < tally.verdicts.size(); ++i)
        verdicts[std::string{lab::verdict_names[i]}] = tally.verdicts[i];
    const auto times = tally.sorted(tally.good_us);
    const auto waits = tally.sorted(tally.worst_us);
    return {{"trials", tally.trials},
            {"fired", tally.fired},
            {"injected", tally.injected},
            {"deaths", tally.deaths},
            {"left_behind", tally.left},
            {"frames_or_events_lost", tally.lost},
            {"verdicts", verdicts},
            {"recovery_us",
             {{"n", times.size()},
              {"p50", percentile(times, 50)},
              {"p99", percentile(times, 99)},
              {"max", percentile(times, 100)}}},
            {"bystander_us",
             {{"p50", percentile(waits, 50)},
              {"p99", percentile(waits, 99)},
              {"max", percentile(waits, 100)}}}};
}

Json json_of(const TrialResult& r)
{
    return {{"id", r.id.text()},
            {"victim", r.victim},
            {"fault", lab::kind_names[r.kind]},
            {"point", lab::point_names[r.point]},
            {"n", r.at},
            {"verdict", verdict_name(r)},
            {"without_dma", lab::verdict_names[static_cast<usize>(r.beside)]},
            {"fired", r.fired},
            {"deaths", r.deaths},
            {"errors", r.errors},
            {"first_error", r.why},
            {"retries", r.retries},
            {"lost", r.lost},
            {"wrong", r.wrong},
            {"fault_to_death_us", r.dead_us},
            {"death_to_server_us", r.up_us},
            {"death_to_good_answer_us", r.good_us},
            {"bystander_us", r.worst_us},
            {"wild", r.wild},
            {"left", r.left},
            {"pc", r.pc},
            {"changed", r.where},
            {"note", r.note}};
}

}  // namespace

std::string json_of(const Report& report)
{
    Json experiments = Json::array();
    for (const auto& section : report.sections()) {
        Json kinds = Json::object();
        for (const auto& [kind, tally] : section.kinds)
            kinds[std::string{lab::kind_names[kind]}] = json_of(tally);
        Json criteria = Json::array();
        for (const auto& [text, good] : section.criteria)
            criteria.push_back({{"text", text}, {"green", good}});
        experiments.push_back({{"name", section.experiment->name},
                               {"victim", section.experiment->victim},
                               {"all", json_of(section.all)},
                               {"faults", kinds},
                               {"criteria", criteria}});
    }
    Json trials = Json::array();
    for (const auto& result : report.campaign().results)
        trials.push_back(json_of(result));
    const Json all{{"green", report.good()},
                   {"boots", report.campaign().boots},
                   {"seconds", static_cast<double>(report.campaign().took.count()) / 1000},
                   {"experiments", experiments},
                   {"trials", trials}};
    return all.dump(1) + "\n";
}

}  // namespace vireo::fault
