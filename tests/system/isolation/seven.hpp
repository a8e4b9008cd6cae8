// seven.hpp - the system file of seven devices in seven processes, with an intruder in the place of
// one of them.
#pragma once

#include <array>
#include <string>

namespace isolation {

inline constexpr std::array<const char*, 7> devices{"disk0", "disk1", "rng0",   "nic0",
                                                    "nic1",  "kbd0",  "tablet0"};

enum class Place {
    alone,    // the intruder's device has a page of its own, all others share one
    crowded,  // all seven are on one page
};

// `more` is put behind the judge's arguments.
std::string seven_with(const std::string& intruder, Place place, const std::string& more = "");

}  // namespace isolation
