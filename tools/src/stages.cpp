// stages.cpp - in which order `test` runs what, and for how long at most.
#include "stages.hpp"

#include "matrix.hpp"

#include <fmt/format.h>

namespace vireo {
namespace {

using namespace std::chrono_literals;

// Labels in ctest: `machine` is a system test that says itself which machine it boots, at-... one
// of the short tests at a point of the matrix.
const std::string system_labels = "system|machine";
constexpr u32 soaks = 5;
constexpr Point campaign_point{.cpus = 2, .gic = 3, .max = true};

Stage system_stage(const std::vector<Point>& sample)
{
    auto labels = system_labels;
    for (const auto& point : sample)
        labels += "|" + point.label();
    return {"system tests", {"-LE", "^(budget|full)$", "-L", "^(" + labels + ")$"}, 400s};
}

Stage short_stage(u32 cpus)
{
    return {fmt::format("matrix, short tests on {} CPU{}", cpus, cpus == 1 ? "" : "s"),
            {"-L", fmt::format("^at-{}-", cpus)},
            150s};
}

Stage thorough_stage(const Point& point)
{
    return {"matrix, " + point.title(),
            {"-LE", "^(budget|full|machine)$", "-L", "^system$"},
            300s,
            point.environment()};
}

void add_full(std::vector<Stage>& stages)
{
    for (const u32 cpus : {1U, 2U, 4U})
        stages.push_back(short_stage(cpus));
    for (const auto& point : thorough_points())
        stages.push_back(thorough_stage(point));
    stages.push_back({"long tests", {"-L", "^full$"}, 1600s, campaign_point.environment()});
    stages.push_back({"seeded defects", {"-L", "^defects$"}, 600s});
    for (u32 part = 1; part <= soaks; ++part)
        stages.push_back({fmt::format("long fuzzing, part {} of {}", part, soaks),
                          {"-L", fmt::format("^soak-{}$", part)},
                          600s});
}

}  // namespace

std::vector<Stage> stages_of(const TestOptions& options, u64 sources)
{
    std::vector<Stage> stages{
        {"host tests",
         {"-LE", "^(fuzz|soak-.|system|machine|matrix|budget|fault|defects|full)$"},
         300s},
        {"fuzz replay", {"-LE", "^(system|budget|full)$", "-L", "^fuzz$"}, 240s},
        system_stage(options.full ? std::vector<Point>{} : sample_points(sources)),
        {"budgets", {"-LE", "^full$", "-L", "^budget$"}, 240s},
        {"fault sample", {"-LE", "^full$", "-L", "^fault$"}, 180s},
    };
    if (options.full)
        add_full(stages);
    std::erase_if(stages,
                  [&](const Stage& stage) { return !stage.name.starts_with(options.stage); });
    return stages;
}

}  // namespace vireo
