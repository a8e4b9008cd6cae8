// tests/host/tools/monitor_cases.hpp - traces that break one rule each.
#pragma once

#include "trace_driver.hpp"

namespace vireo::test {

struct MonitorCase {
    monitor::Rule rule{};
    std::string script;  // of TraceDriver::run
    u32 type = 2;        // of the device: a disk
    u32 version = 2;
    u64 offered = TraceDriver::default_offer;
    u64 accepted = u64{1} << 32;
};

std::vector<MonitorCase> monitor_cases();

}  // namespace vireo::test
