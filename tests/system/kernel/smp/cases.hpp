// smp/cases.hpp - the cases of the other files, for main.cpp to run.
#pragma once

#include <check/check.hpp>

extern const check::Cases race_cases;
extern const check::Cases bell_cases;
