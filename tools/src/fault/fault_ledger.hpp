// fault/fault_ledger.hpp - docs/fault-ledger.md: what long campaigns came to, a line for each seed
// of an experiment. It is tracked, only grows, and says which seed is the next.
#pragma once

#include "fault/report.hpp"

namespace vireo::fault {

class FaultLedger {
public:
    explicit FaultLedger(fs::path file);

    // After all that were tried.
    u64 next_seed(const Experiment& experiment) const;
    // `version`: of the sources.
    void add(const Report& report, const std::string& version);

private:
    fs::path file_;
    std::string text_;
};

}  // namespace vireo::fault
