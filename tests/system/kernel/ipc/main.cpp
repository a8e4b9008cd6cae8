// ipc/main.cpp - call and reply between threads and between processes.
#include "cases.hpp"

int app_main(const sys::Startup& given)
{
    return check::run(given, {payload_cases, carried_cases, reply_cases, deadline_cases,
                              death_cases, lapse_cases, in_line_cases, badge_cases, payer_cases,
                              priority_cases, chain_cases, register_cases, fast_message_cases,
                              fast_end_cases, fast_priority_cases, fast_next_cases,
                              fast_refused_cases, fast_page_cases, fast_fp_cases});
}
