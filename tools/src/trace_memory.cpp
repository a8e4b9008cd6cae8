// trace_memory.cpp - the rings of the traced kernel, read out of the guest's memory.
#include "trace_memory.hpp"

#include "failure.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vireo {
namespace {

constexpr u64 ring_limit = u64{1} << 24;  // records: more would be no ring of ours

std::vector<u8> read_memory(Qmp& qmp, u64 address, u64 bytes, const fs::path& directory)
{
    const auto file = directory / "memory";
    const nlohmann::json range{{"val", address}, {"size", bytes}, {"filename", file.string()}};
    if (!qmp.execute("pmemsave", range.dump()))
        throw Failure{Exit::qemu,
                      fmt::format("QEMU does not give the guest's memory at {:#x}", address)};
    auto content = read_bytes(file);
    fs::remove(file);
    return content;
}

}  // namespace

abi::TraceHeader parse_trace_header(std::span<const u8> bytes)
{
    abi::TraceHeader header{};
    if (bytes.size() >= sizeof(header))
        std::memcpy(&header, bytes.data(), sizeof(header));
    const auto fits = [](const abi::TraceRing& ring) { return ring.capacity <= ring_limit; };
    if (header.magic != abi::trace_magic || !std::ranges::all_of(header.rings, fits))
        throw Failure{Exit::qemu, "the guest's memory holds no trace",
                      "the kernel wrote over it, or did not get so far"};
    return header;
}

void add_ring(Trace& trace, const abi::TraceRing& ring, std::span<const u8> bytes)
{
    constexpr u64 record_bytes = sizeof(abi::TraceRecord);
    const u64 kept = std::min({ring.written, ring.capacity, bytes.size() / record_bytes});
    trace.lost += ring.written - kept;
    for (u64 i = ring.written - kept; i < ring.written; ++i) {
        abi::TraceRecord record{};
        std::memcpy(&record, bytes.subspan(i % ring.capacity * record_bytes).data(), record_bytes);
        trace.records.push_back(record);
    }
}

void sort_by_time(Trace& trace)
{
    // Names first where the clock did not tick between.
    const auto key = [](const abi::TraceRecord& record) {
        return std::pair{record.ticks, record.kind > abi::TraceKind::thread_made};
    };
    std::ranges::stable_sort(trace.records, {}, key);
}

Trace read_trace(Qmp& qmp, u64 header_address, const fs::path& directory)
{
    const auto header =
        parse_trace_header(read_memory(qmp, header_address, sizeof(abi::TraceHeader), directory));
    Trace trace{.frequency = std::max<u64>(header.frequency, 1)};
    for (const auto& ring : header.rings)
        if (ring.capacity > 0)
            add_ring(trace, ring,
                     read_memory(qmp, ring.address, ring.capacity * sizeof(abi::TraceRecord),
                                 directory));
    sort_by_time(trace);
    return trace;
}

}  // namespace vireo
