// fault/tally.cpp - counts trials and judges the sums.
#include "fault/tally.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace vireo::fault {
namespace {

Criterion at_most(const std::string& what, u64 value, u64 limit, const std::string& unit)
{
    return {fmt::format("{} {}{}, at most {}{}", what, value, unit, limit, unit), value <= limit};
}

}  // namespace

u64 percentile(const std::vector<u64>& sorted, u32 percent)
{
    if (sorted.empty())
        return 0;
    return sorted[std::min<usize>(sorted.size() - 1, sorted.size() * percent / 100)];
}

void Tally::add(const TrialResult& result)
{
    ++trials;
    fired += result.fired ? 1 : 0;
    left += result.left != 0 ? 1 : 0;
    deaths += result.deaths;
    injected += std::max<u64>(result.times, result.fired ? 1 : 0);
    lost += result.lost;
    ++verdicts[static_cast<usize>(result.verdict)];
    if (result.deaths != 0 && result.good_us != 0)
        good_us.push_back(result.good_us);
    if (result.worst_us != 0)
        worst_us.push_back(result.worst_us);
}

u64 Tally::bad() const
{
    u64 sum = 0;
    for (usize i = 0; i < verdicts.size(); ++i)
        sum += lab::bad(static_cast<lab::Verdict>(i)) ? verdicts[i] : 0;
    return sum;
}

std::vector<u64> Tally::sorted(const std::vector<u64>& values) const
{
    auto all = values;
    std::ranges::sort(all);
    return all;
}

std::vector<Criterion> judge(const Experiment& experiment, const Tally& tally)
{
    if (tally.trials == 0)
        return {{"no trial", false}};
    const auto& accept = experiment.accept;
    const auto share = [&](u64 percent) { return tally.trials * percent / 100; };
    std::vector<Criterion> all{
        at_most("undetected corruption", tally.count(lab::Verdict::undetected),
                share(accept.undetected_percent), ""),
        at_most("never recovered", tally.count(lab::Verdict::never_recovered),
                share(accept.never_percent), ""),
        at_most("corruption that was noticed", tally.count(lab::Verdict::detected),
                share(accept.detected_percent), ""),
        at_most("errors of clients", tally.count(lab::Verdict::client_error),
                share(accept.client_error_percent), ""),
        at_most("errors that are not documented", tally.count(lab::Verdict::odd_error),
                share(accept.odd_error_percent), ""),
        at_most("ends of servers that nothing was done to", tally.count(lab::Verdict::other_hurt),
                0, ""),
        at_most("crashes of the kernel", tally.count(lab::Verdict::kernel_crash), 0, ""),
        at_most("errors of the laboratory", tally.count(lab::Verdict::lab_error), 0, ""),
        at_most("trials that left something behind", tally.left, 0, "")};
    if (accept.wild_percent < 100)
        all.push_back(at_most("wild DMA", tally.count(lab::Verdict::wild_dma),
                              share(accept.wild_percent), ""));
    if (accept.fired_percent != 0) {
        const u64 percent = tally.fired * 100 / tally.trials;
        all.push_back({fmt::format("fired in {} % of the trials, at least {} %", percent,
                                   accept.fired_percent),
                       percent >= accept.fired_percent});
    }
    if (accept.injected_percent != 0) {
        const u64 percent = tally.injected * 100 / tally.trials;
        all.push_back(
            {fmt::format("{} faults in 100 trials, at least {}", percent, accept.injected_percent),
             percent >= accept.injected_percent});
    }
    const auto times = tally.sorted(tally.good_us);
    const auto within = [&](u32 percent, u64 limit) {
        const auto what = fmt::format("recovery p{}", percent);
        if (limit != 0)
            all.push_back(times.empty() ? Criterion{what + ": nobody recovered", false}
                                        : at_most(what, percentile(times, percent), limit, " us"));
    };
    within(50, accept.p50_us);
    within(99, accept.p99_us);
    return all;
}

}  // namespace vireo::fault
