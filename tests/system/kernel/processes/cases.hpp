// processes/cases.hpp - the cases of each file, for main.cpp to run.
#pragma once

#include <check/check.hpp>

extern const check::Cases fault_cases;
extern const check::Cases quota_cases;
extern const check::Cases end_cases;
extern const check::Cases name_cases;
extern const check::Cases thread_cases;
extern const check::Cases scheduling_cases;
