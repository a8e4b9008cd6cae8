// affinity/cases.hpp - the cases of each file, for main.cpp to run.
#pragma once

#include <check/check.hpp>

extern const check::Cases move_cases;
extern const check::Cases spread_cases;
