// matrix.cpp - the machines that the system is tested on.
#include "matrix.hpp"

#include <fmt/format.h>

namespace vireo {
namespace {

std::string model(const Point& point) { return point.max ? "max" : "cortex-a72"; }
std::string slots(const Point& point) { return point.legacy ? "legacy" : "modern"; }

}  // namespace

std::string Point::title() const
{
    return fmt::format("{} CPU{}, GICv{}, {} slots, {}", cpus, cpus == 1 ? "" : "s", gic,
                       slots(*this), model(*this));
}

std::string Point::label() const
{
    return fmt::format("at-{}-gic{}-{}-{}", cpus, gic, slots(*this), model(*this));
}

std::vector<std::string> Point::environment() const
{
    return {fmt::format("VIREO_CPUS={}", cpus), fmt::format("VIREO_GIC={}", gic),
            fmt::format("VIREO_LEGACY={}", legacy), "VIREO_CPU=" + model(*this)};
}

std::vector<Point> all_points()
{
    std::vector<Point> points;
    for (const u32 cpus : {1U, 2U, 4U})
        for (const u32 gic : {2U, 3U})
            for (const bool legacy : {false, true})
                for (const bool max : {false, true})
                    points.push_back({cpus, gic, legacy, max});
    return points;
}

std::vector<Point> thorough_points()
{
    return {{1, 2, true, false}, {1, 3, false, true}, {2, 2, false, false},
            {2, 3, true, true},  {4, 2, true, true},  {4, 3, false, false}};
}

std::vector<Point> sample_points(u64 sources)
{
    auto left = all_points();
    std::erase(left, plain_point);
    std::vector<Point> chosen;
    for (u32 i = 0; i < 2; ++i) {
        const auto at = left.begin() + static_cast<i64>(sources % left.size());
        sources /= left.size();
        chosen.push_back(*at);
        left.erase(at);
    }
    return chosen;
}

}  // namespace vireo
