// handles/cases.hpp - the cases of each file, for main.cpp to run.
#pragma once

#include <check/check.hpp>

extern const check::Cases forged_cases;
extern const check::Cases rights_cases;
extern const check::Cases table_cases;
extern const check::Cases number_cases;
extern const check::Cases hot_cases;
