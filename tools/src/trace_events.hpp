// trace_events.hpp - from records of the traced kernel to what Perfetto and chrome://tracing show.
//
// One process stands for the machine, with a track for each CPU: slices are the threads that run,
// instants are interrupts. Each process of the guest has a track for each of its threads: slices
// are calls, from entry to return, with the wait in between; flows are messages.
#pragma once

#include "trace_memory.hpp"

namespace vireo {

// JSON in the trace event format.
std::string chrome_trace(const Trace& trace);

}  // namespace vireo
