// fault/campaign.hpp - runs trials in guests, some at a time: each boot carries out one order, and
// what ends a boot is a trial's verdict, not the campaign's end.
#pragma once

#include "fault/trial_result.hpp"
#include "options.hpp"
#include "process.hpp"
#include "project.hpp"

#include <functional>

namespace vireo::fault {

struct Chunk {
    const Experiment* experiment = nullptr;
    u64 seed = 0;
    u32 first = 0;
    u32 count = 0;
};

// What is still to be done, in pieces of one boot.
class Plan {
public:
    static constexpr u32 chunk = 80;

    void add(const Experiment& experiment, u64 seed, u32 first, u32 count);
    // With the next seed of each experiment, when all is done, until then.
    void repeat_until(Deadline end) { end_ = end; }
    // Nothing is begun so long after begin(), but for the first piece of each experiment.
    void stop_after(std::chrono::seconds limit) { allowed_ = limit; }
    void begin()
    {
        if (allowed_)
            limit_ = Clock::now() + *allowed_;
    }
    std::optional<Chunk> next();
    u64 trials() const { return trials_; }  // handed out or waiting

private:
    std::vector<Chunk> original_;
    std::vector<Chunk> waiting_;
    usize next_ = 0;
    u64 round_ = 0;
    u64 trials_ = 0;
    Deadline end_ = Deadline::min();
    std::optional<std::chrono::seconds> allowed_;
    Deadline limit_ = Deadline::max();
    usize experiments_ = 0;
};

struct Progress {
    u64 done = 0;
    u64 planned = 0;
    u64 bad = 0;
    u64 boots = 0;
    std::chrono::seconds took{0};
};

struct Campaign {
    std::vector<TrialResult> results{};
    u64 boots = 0;
    std::vector<std::string> kept{};  // directories of runs that did not end well
    std::chrono::milliseconds took{0};
    bool interrupted = false;
    u64 left_out = 0;  // planned trials for which there was no time
};

// Who follows a campaign.
struct Audience {
    std::function<void(const Progress&)> progress;  // about once a second
    // All trials of a boot; one at a time. Nobody: fine.
    std::function<void(const std::vector<TrialResult>&)> boot{};
};

Campaign
run_campaign(const Project& project, const Options& options, Plan& plan, const Audience& audience);

}  // namespace vireo::fault
