// trace/trace.cpp - rings of records, in frames that the first record takes.

#include "trace/trace.hpp"

#include "sched/cpu.hpp"

#include <algorithm>
#include <cstring>

// The tool looks for this name.
extern "C" constinit abi::TraceHeader vireo_trace;
constinit abi::TraceHeader vireo_trace{.magic = abi::trace_magic, .frequency = 0, .rings = {}};

namespace kernel::trace {

namespace {

constexpr unsigned ring_order = 9;  // 2 MiB
constexpr u64 ring_records = (page_bytes << ring_order) / sizeof(abi::TraceRecord);
constexpr usize shown_text = 96;

// Not so early that there is no memory.
bool has_room(abi::TraceRing& ring)
{
    if (ring.capacity != 0 || frames.free_frames() == 0)
        return ring.capacity != 0;
    if (const auto block = frames.allocate(ring_order))
        ring = {.address = block->raw(), .capacity = ring_records, .written = 0};
    vireo_trace.frequency = sysreg::cntfrq();
    return ring.capacity != 0;
}

void append(u32 number, Kind kind, u32 who, u64 first, u64 second)
{
    abi::TraceRing& ring = vireo_trace.rings[number];
    if (!has_room(ring))
        return;
    auto* const records = direct<abi::TraceRecord>(PhysAddr{ring.address});
    const auto cpu = static_cast<u8>(this_cpu().index());
    records[ring.written++ % ring.capacity] = {sysreg::cntvct(), who, kind, cpu, 0,
                                               {first, second}};
}

std::array<u64, 2> words_of(std::string_view characters)
{
    std::array<u64, 2> words{};
    std::memcpy(words.data(), characters.data(), std::min(characters.size(), sizeof(words)));
    return words;
}

}  // namespace

void write(Kind kind, u64 first, u64 second)
{
    const Thread* const thread = this_cpu().current();
    append(this_cpu().index(), kind, thread == nullptr ? 0 : id(thread), first, second);
}

void write_name(const Process& process)
{
    const auto [first, second] = words_of(process.name());
    append(abi::trace_name_ring, Kind::process_made, id(&process), first, second);
}

void write_name(const Thread& thread)
{
    append(abi::trace_name_ring, Kind::thread_made, id(&thread), id(&thread.process()),
           thread.index());
}

void write_text(std::string_view line)
{
    for (usize at = 0; at < std::min(line.size(), shown_text); at += 16) {
        const auto [first, second] = words_of(line.substr(at));
        write(at == 0 ? Kind::text : Kind::more_text, first, second);
    }
}

}  // namespace kernel::trace
