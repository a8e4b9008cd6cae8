// memory/cases.hpp - the cases of each file, for main.cpp to run.
#pragma once

#include <check/check.hpp>

extern const check::Cases object_cases;
extern const check::Cases mapping_cases;
extern const check::Cases sharing_cases;
