// trace_memory.hpp - the rings of the traced kernel, as records in the order of time.
#pragma once

#include "qmp.hpp"

#include <span>

#include <abi/trace.hpp>

namespace vireo {

struct Trace {
    u64 frequency = 1;
    std::vector<abi::TraceRecord> records{};  // of all CPUs, and names, by rising time
    u64 lost = 0;                             // overwritten by newer ones
};

// Exit::qemu if this is no header, or says what cannot be.
abi::TraceHeader parse_trace_header(std::span<const u8> bytes);
// Appends what is left in one ring; `bytes` are all of it.
void add_ring(Trace& trace, const abi::TraceRing& ring, std::span<const u8> bytes);
void sort_by_time(Trace& trace);

// Reads them out of a guest that stands still. `header` is where in RAM vireo_trace is; `directory`
// takes the files that QEMU writes.
Trace read_trace(Qmp& qmp, u64 header, const fs::path& directory);

}  // namespace vireo
