// registers/cases.hpp - the cases of the other file, for main.cpp to run.
#pragma once

#include <check/check.hpp>

extern const check::Cases doorbell_cases;
