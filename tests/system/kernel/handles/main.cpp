// handles/main.cpp - handles: what is none, what is stale, what lacks a right, and what a table
// holds.
#include "cases.hpp"

int app_main(const sys::Startup& given)
{
    return check::run(given, {forged_cases, rights_cases, table_cases, number_cases, hot_cases});
}
