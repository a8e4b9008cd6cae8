// main.cpp - runs the cases.
#include "suite.hpp"

int app_main(const sys::Startup& given)
{
    if (given.argument(0) == "two")
        return check::run_all(given, {suite::pair_cases});
    return check::run_all(given, {suite::key_cases, suite::pointer_cases, suite::restart_cases});
}
