// notifications/cases.hpp - the cases of the other files, for main.cpp to run.
#pragma once

#include <check/check.hpp>

extern const check::Cases fused_cases;
extern const check::Cases bound_cases;
extern const check::Cases short_cases;
extern const check::Cases doorbell_cases;
