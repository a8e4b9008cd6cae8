// fault/page.hpp - a campaign as a page that needs nothing else: tables, and figures drawn in it.
#pragma once

#include "fault/report.hpp"

namespace vireo::fault {

std::string page_of(const Report& report);

}  // namespace vireo::fault
