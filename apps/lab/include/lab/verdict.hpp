// lab/verdict.hpp - from what was seen of a trial to one word. Pure.
#pragma once

#include <lab/findings.hpp>
#include <lab/order.hpp>

namespace lab {

struct Facts {
    Findings findings{};
    bool opened = true;    // the load could begin
    bool fired = false;    // the fault happened
    u32 times = 0;         // so often, if a period was asked for
    bool finished = true;  // all that was asked was answered, and one good request after it
    u32 deaths = 0;        // of the victim
    bool hung = false;     // one of them because it hung
    u32 others = 0;        // deaths of other servers
    u64 wild = 0;          // addresses that are not the driver's
};

constexpr Verdict without_dma(const Facts& facts)
{
    if (!facts.opened)
        return Verdict::lab_error;
    if (facts.others != 0)
        return Verdict::other_hurt;
    if (!facts.finished)
        return Verdict::never_recovered;
    if (facts.deaths > std::max(facts.times, u32{facts.fired}))
        return Verdict::other_hurt;
    if (facts.findings.undetected != 0 || (facts.findings.lost != 0 && !facts.fired))
        return Verdict::undetected;
    if (facts.findings.detected != 0)
        return Verdict::detected;
    if (facts.findings.odd_errors != 0)
        return Verdict::odd_error;
    if (facts.findings.errors != 0)
        return Verdict::client_error;
    if (facts.deaths != 0)
        return facts.hung ? Verdict::hang_recovered : Verdict::recovered;
    return facts.findings.retries != 0 ? Verdict::masked : Verdict::no_effect;
}

// What became of the rest of the machine then is nobody's word.
constexpr Verdict verdict_of(const Facts& facts)
{
    return facts.wild != 0 ? Verdict::wild_dma : without_dma(facts);
}

}  // namespace lab
