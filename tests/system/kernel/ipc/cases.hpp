// ipc/cases.hpp - the cases of each file, for main.cpp to run.
#pragma once

#include <check/check.hpp>

extern const check::Cases payload_cases;
extern const check::Cases carried_cases;
extern const check::Cases deadline_cases;
extern const check::Cases death_cases;
extern const check::Cases badge_cases;
extern const check::Cases priority_cases;
extern const check::Cases chain_cases;
extern const check::Cases register_cases;
extern const check::Cases reply_cases;
extern const check::Cases lapse_cases;
extern const check::Cases in_line_cases;
extern const check::Cases payer_cases;
extern const check::Cases fast_message_cases;
extern const check::Cases fast_end_cases;
extern const check::Cases fast_priority_cases;
extern const check::Cases fast_next_cases;
extern const check::Cases fast_page_cases;
extern const check::Cases fast_refused_cases;
extern const check::Cases fast_fp_cases;
