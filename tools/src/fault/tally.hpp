// fault/tally.hpp - trials counted: verdicts, times, and whether that is good enough.
#pragma once

#include "fault/trial_result.hpp"

#include <map>
#include <vector>

namespace vireo::fault {

// Of sorted values, the one below which so many percent lie; 0 of none.
u64 percentile(const std::vector<u64>& sorted, u32 percent);

struct Tally {
    u64 trials = 0;
    u64 fired = 0;
    u64 left = 0;  // trials that left something behind
    u64 deaths = 0;
    u64 injected = 0;  // faults, of which a trial with a period has several
    u64 lost = 0;
    std::array<u64, lab::verdict_names.size()> verdicts{};
    std::vector<u64> good_us{};   // of trials in which the victim died and came back; sorted()
    std::vector<u64> worst_us{};  // of a client of somebody else

    void add(const TrialResult& result);
    u64 count(lab::Verdict verdict) const { return verdicts[static_cast<usize>(verdict)]; }
    u64 bad() const;
    std::vector<u64> sorted(const std::vector<u64>& values) const;
};

// A line that says what was asked for and what came out.
struct Criterion {
    std::string text;
    bool good = false;
};
std::vector<Criterion> judge(const Experiment& experiment, const Tally& tally);

}  // namespace vireo::fault
