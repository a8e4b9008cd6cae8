// monitor/phase.cpp - the state machine of initialization, as tables.
#include "monitor/phase.hpp"

#include <algorithm>
#include <array>

namespace vireo::monitor {
namespace {

struct Window {
    Phase first;
    Phase last;
};

struct Permission {
    Act act;
    Window legacy;
    Window modern;
    Rule early;
    Rule late;
};

constexpr std::array permissions{
    Permission{Act::read_offer,
               {Phase::negotiating, Phase::live},
               {Phase::negotiating, Phase::live},
               Rule::status_order,
               Rule::failed},
    Permission{Act::accept,
               {Phase::negotiating, Phase::negotiating},
               {Phase::negotiating, Phase::negotiating},
               Rule::status_order,
               Rule::features_frozen},
    Permission{Act::set_page_size,
               {Phase::negotiating, Phase::negotiating},
               {Phase::negotiating, Phase::negotiating},
               Rule::status_order,
               Rule::status_order},
    Permission{Act::look_at_queue,
               {Phase::negotiating, Phase::live},
               {Phase::agreed, Phase::live},
               Rule::queue_early,
               Rule::failed},
    Permission{Act::set_up_queue,
               {Phase::negotiating, Phase::negotiating},
               {Phase::agreed, Phase::agreed},
               Rule::queue_early,
               Rule::queue_late},
    Permission{Act::notify,
               {Phase::live, Phase::live},
               {Phase::live, Phase::live},
               Rule::notify_early,
               Rule::failed},
    Permission{Act::write_config,
               {Phase::strange, Phase::live},  // virtio 1.2, 3.1.2
               {Phase::agreed, Phase::live},
               Rule::config_early,
               Rule::failed},
    Permission{Act::read_cache_mode,
               {Phase::strange, Phase::failed},  // virtio 1.2, 5.2.5.3
               {Phase::proposed, Phase::failed},
               Rule::config_early,
               Rule::failed},
};

constexpr bool in_order()
{
    for (usize i = 0; i < permissions.size(); ++i)
        if (static_cast<usize>(permissions[i].act) != i)
            return false;
    return true;
}
static_assert(in_order());

struct Step {
    u32 bit;
    u32 needs_legacy;
    u32 needs_modern;
    Phase leads_to;
};
constexpr u32 never = ~u32{0};  // version 1 has no FEATURES_OK

constexpr std::array steps{
    Step{status::acknowledge, 0, 0, Phase::acknowledged},
    Step{status::driver, status::acknowledge, status::acknowledge, Phase::negotiating},
    Step{status::features_ok, never, status::acknowledge | status::driver, Phase::proposed},
    Step{status::driver_ok, status::acknowledge | status::driver,
         status::acknowledge | status::driver | status::features_ok, Phase::live},
    Step{status::failed, 0, 0, Phase::failed},
};

constexpr std::array<std::string_view, 9> names{
    "not reset yet",         "in reset",    "after reset", "ACKNOWLEDGE", "DRIVER",
    "FEATURES_OK, not read", "FEATURES_OK", "live",        "FAILED"};

}  // namespace

std::string_view name_of(Phase phase) { return names[static_cast<usize>(phase)]; }

Broken permitted(Act act, Phase phase, bool legacy)
{
    const auto& row = permissions[static_cast<usize>(act)];
    const auto& window = legacy ? row.legacy : row.modern;
    if (phase >= window.first && phase <= window.last)
        return {};
    if (phase == Phase::failed)
        return Rule::failed;
    if (phase == Phase::proposed && window.first == Phase::agreed)
        return Rule::features_ok_read;
    return phase < window.first ? row.early : row.late;
}

Broken step_allowed(u32 before, u32 added, bool legacy)
{
    const bool good = std::ranges::all_of(steps, [&](const Step& step) {
        const u32 needs = legacy ? step.needs_legacy : step.needs_modern;
        return (added & step.bit) == 0 || (before & needs) == needs;
    });
    return good ? std::nullopt : Broken{Rule::status_order};
}

Phase phase_after(Phase phase, u32 added, bool legacy)
{
    for (const auto& step : steps)
        if ((added & step.bit) != 0 && !(legacy && step.needs_legacy == never))
            phase = std::max(phase, step.leads_to);
    return phase;
}

}  // namespace vireo::monitor
