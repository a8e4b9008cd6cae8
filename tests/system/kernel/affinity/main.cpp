// affinity/main.cpp - threads have a CPU each, and can be moved.
#include "cases.hpp"

int app_main(const sys::Startup& given) { return check::run(given, {move_cases, spread_cases}); }
