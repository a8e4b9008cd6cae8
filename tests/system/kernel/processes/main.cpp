// processes/main.cpp - processes and threads: what they may own, how they end, who runs.
#include "cases.hpp"

int app_main(const sys::Startup& given)
{
    return check::run(
        given, {fault_cases, quota_cases, end_cases, name_cases, thread_cases, scheduling_cases});
}
