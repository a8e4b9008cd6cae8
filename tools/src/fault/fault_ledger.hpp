// fault/fault_ledger.hpp - docs/fault-ledger.md: what campaigns came to, a line for the seeds of
// one experiment that one version of the sources went through. It is tracked, only grows, and says
// which seed is the next.
#pragma once

#include "fault/tally.hpp"
#include "file.hpp"

#include <vector>

namespace vireo::fault {

// Of what a campaign runs, and is judged by: all sources but documents and other tests.
std::string version_of_sources(const fs::path& root);

class FaultLedger {
public:
    struct Line {
        std::string experiment;
        u64 first = 0;  // seeds
        u64 last = 0;
        std::string version;
        Tally sum{};  // without times
    };

    // A file that is not there has no lines yet. SourceErrors: one that was broken.
    explicit FaultLedger(fs::path file);

    // After all that were begun: one that was interrupted keeps the trials that it got.
    u64 next_seed(const Experiment& experiment) const;
    // Trials of a boot. The file has them when this returns. Failure: it is not what this wrote or
    // read last.
    void add(const std::vector<TrialResult>& results, const std::string& version);
    Tally sum() const;
    const std::vector<Line>& lines() const { return lines_; }

private:
    Line& line_of(const TrialId& id, const std::string& version);

    fs::path file_;
    std::vector<Line> lines_;
    std::string written_;  // or read
};

}  // namespace vireo::fault
