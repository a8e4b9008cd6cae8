// fault/medium.hpp - the host's look at a disk image after a run: what the laboratory said was
// written and flushed is there, sector by sector.
#pragma once

#include "fault/trial_result.hpp"

#include <span>

namespace vireo::fault {

// Trials whose region holds anything else become undetected corruption, with a note. Of several
// trials in one region the last one counts.
void check_medium(const fs::path& image, std::span<TrialResult> trials);
// The same for regions of which a loss of power would have taken something although they were
// flushed. The order in which trials ran is theirs here.
void check_journal(const fs::path& journal, std::span<TrialResult> trials);

// The region of one trial as the laboratory leaves it: so many sectors, all in this version.
inline constexpr u64 region_sectors = 128;
inline constexpr u64 last_version = 2;

}  // namespace vireo::fault
