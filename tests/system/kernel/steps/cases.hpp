// steps/cases.hpp - the cases of each file, for main.cpp to run, and how late somebody important
// is.
#pragma once

#include <check/check.hpp>

extern const check::Cases many_cases;
extern const check::Cases mapping_cases;
extern const check::Cases news_cases;

// The machine has no part of the host in it (-icount); else the case is skipped.
bool exact();
// Whoever is important wakes when its deadline says, whatever others do meanwhile: some thousand
// instructions later at most, each a nanosecond.
void on_time();
