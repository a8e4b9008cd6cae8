// fault/json.hpp - a campaign as JSON: sums and every trial.
#pragma once

#include "fault/report.hpp"

namespace vireo::fault {

std::string json_of(const Report& report);

}  // namespace vireo::fault
