// fault/report.hpp - what came out of a campaign: tables for a person, and the trials of the last
// run, for --replay.
#pragma once

#include "fault/campaign.hpp"
#include "fault/tally.hpp"

namespace vireo::fault {

std::string_view verdict_name(const TrialResult& result);
// All about one trial, over several lines.
std::string text_of(const TrialResult& result);

class Report {
public:
    Report(const std::vector<Experiment>& experiments, const Campaign& campaign);

    // Everything that was asked for is so.
    bool good() const;
    void print() const;

    struct Section {
        const Experiment* experiment;
        Tally all;
        std::map<usize, Tally> kinds;  // lab::kind_names
        std::vector<Criterion> criteria;
    };
    const std::vector<Section>& sections() const { return sections_; }
    const Campaign& campaign() const { return campaign_; }

private:
    void print_bad() const;

    const Campaign& campaign_;
    std::vector<Section> sections_;
};

// The verdicts of a run are kept beside what is built, until the next run.
void remember(const Project& project, const std::vector<TrialResult>& results);
std::optional<std::string> remembered(const Project& project, const TrialId& id);

}  // namespace vireo::fault
