// fault/experiment.hpp - tests/fault/NAME.toml: who suffers what, how often, and what must come
// out.
#pragma once

#include "file.hpp"

#include <map>
#include <optional>

#include <lab/order.hpp>

namespace vireo::fault {

// Limits beyond those that hold for all: nothing bad, nothing left behind.
struct Acceptance {
    // Of the trials, at most. Zero: none may be. For faults that nobody can notice: a server that
    // lives and does something else.
    u64 undetected_percent = 0;
    u64 never_percent = 0;
    u64 detected_percent = 0;
    u64 client_error_percent = 0;
    u64 odd_error_percent = 0;
    u64 wild_percent = 100;
    // Zero: no limit.
    u64 fired_percent = 0;     // of all trials, at least
    u64 injected_percent = 0;  // faults of all trials, at least
    u64 p50_us = 0;            // from the victim's death to the next good answer, at most
    u64 p99_us = 0;
};

struct Experiment {
    std::string name;
    std::string victim;
    lab::Load load = lab::Load::block;
    u32 kinds = 0;
    std::array<u32, abi::fault_points + 1> most{};
    u64 seed = 1;
    u32 trials = 0;  // of a short run
    u32 full = 0;    // of a long one
    u32 period = 0;
    Acceptance accept{};

    // Its texts are this experiment's.
    lab::Order order(u64 seed_of_run, u32 first, u32 count) const;
};

// The name is the file's. Throws SourceErrors for what makes no sense.
Experiment parse_experiment(const std::string& text, const std::string& file);

// All of a folder, in the order of their names.
std::vector<Experiment> load_experiments(const fs::path& folder);
// Those of these names; all if there are none. Exit::usage for a name that there is not.
std::vector<Experiment> chosen(std::vector<Experiment> all, const std::vector<std::string>& names);

// A trial by name: EXPERIMENT.SEED.NUMBER
struct TrialId {
    std::string experiment;
    u64 seed = 0;
    u32 number = 0;

    std::string text() const;
};
std::optional<TrialId> parse_id(const std::string& text);

}  // namespace vireo::fault
