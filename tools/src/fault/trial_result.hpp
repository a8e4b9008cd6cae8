// fault/trial_result.hpp - what the laboratory says of a trial, one line each (apps/lab).
#pragma once

#include "fault/experiment.hpp"

#include <lab/verdict.hpp>

namespace vireo::fault {

struct TrialResult {
    TrialId id{};
    std::string victim{};
    usize kind = 0;   // lab::kind_names
    usize point = 0;  // lab::point_names
    u64 at = 0;       // which event, or microseconds
    lab::Verdict verdict = lab::Verdict::lab_error;
    lab::Verdict beside = lab::Verdict::lab_error;  // what it would be if the DMA were tame
    bool fired = false;
    u64 deaths = 0;
    u64 operations = 0;
    u64 errors = 0;
    std::string why{};  // the first error
    u64 retries = 0;
    u64 lost = 0;
    u64 wrong = 0;
    u64 place = 0;     // of the first wrong thing
    u64 dead_us = 0;   // from the fault to the end of the victim
    u64 up_us = 0;     // from there until the next one serves
    u64 good_us = 0;   // until it has answered well; 0: it did not end
    u64 all_us = 0;    // the whole trial
    u64 worst_us = 0;  // that a client of somebody else waited
    u64 wild = 0;
    u64 left = 0;
    u64 times = 0;  // that the fault was injected
    u64 pc = 0;
    u64 where = 0;
    bool sealed = false;  // the medium must hold the region below
    u64 sector = 0;
    u64 client = 0;
    std::string note{};  // what only the host saw
};

// Nothing if the line is no trial's.
std::optional<TrialResult>
parse_trial(const std::string& line, const Experiment& experiment, u64 seed);

// One about which the guest said nothing.
TrialResult silent_trial(const Experiment& experiment,
                         u64 seed,
                         u32 number,
                         lab::Verdict verdict,
                         const std::string& note);

}  // namespace vireo::fault
