// trace_test.cpp - what becomes of the records of the traced kernel.
#include "call_names.hpp"
#include "failure.hpp"
#include "trace_events.hpp"

#include <algorithm>
#include <cstring>

#include <abi/syscall.hpp>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace vireo;
using abi::TraceKind;
using abi::TraceRecord;
using Json = nlohmann::json;

namespace {

constexpr u32 client = 0x100;
constexpr u32 server = 0x200;

TraceRecord record(u64 ticks, TraceKind kind, u32 who, u64 first = 0, u64 second = 0, u8 cpu = 0)
{
    return {.ticks = ticks,
            .who = who,
            .kind = kind,
            .cpu = cpu,
            .reserved = 0,
            .words = {first, second}};
}

TraceRecord named(u32 id, std::string_view name)
{
    auto made = record(0, TraceKind::process_made, id);
    std::memcpy(made.words.data(), name.data(), name.size());
    return made;
}

// Two processes, a thread in each.
Trace trace_of(const std::vector<TraceRecord>& more)
{
    Trace trace{.frequency = 1'000'000,
                .records = {named(1, "demo"), named(2, "blkd"),
                            record(0, TraceKind::thread_made, client, 1, 0),
                            record(0, TraceKind::thread_made, server, 2, 0)}};
    trace.records.insert(trace.records.end(), more.begin(), more.end());
    return trace;
}

std::vector<Json> events_of(const Trace& trace, const std::string& phase, const std::string& name)
{
    std::vector<Json> found;
    for (const auto& event : Json::parse(chrome_trace(trace)).at("traceEvents"))
        if (event.at("ph") == phase && event.at("name") == name)
            found.push_back(event);
    return found;
}

constexpr u64 number(abi::Syscall call) { return static_cast<u64>(call); }

}  // namespace

TEST_CASE("a ring that has wrapped gives its newest records, and how many are lost")
{
    std::array<TraceRecord, 4> ring{};
    for (u64 i = 0; i < 6; ++i)
        ring[i % 4] = record(i, TraceKind::idle, 0);
    Trace trace;
    const auto bytes = std::as_bytes(std::span{ring});
    add_ring(trace, {.address = 0, .capacity = 4, .written = 6},
             {reinterpret_cast<const u8*>(bytes.data()), bytes.size()});
    CHECK(trace.lost == 2);
    REQUIRE(trace.records.size() == 4);
    CHECK(trace.records.front().ticks == 2);
    CHECK(trace.records.back().ticks == 5);
}

TEST_CASE("records of all rings are put into the order of time, names first")
{
    Trace trace{.records = {record(5, TraceKind::run, client), record(7, TraceKind::idle, 0),
                            record(5, TraceKind::thread_made, client), named(1, "a")}};
    sort_by_time(trace);
    CHECK(trace.records[0].kind == TraceKind::process_made);
    CHECK(trace.records[1].kind == TraceKind::thread_made);
    CHECK(trace.records[2].kind == TraceKind::run);
    CHECK(trace.records[3].ticks == 7);
}

TEST_CASE("memory that holds no trace is refused")
{
    std::vector<u8> bytes(sizeof(abi::TraceHeader));
    CHECK_THROWS_AS(parse_trace_header(bytes), Failure);
    CHECK_THROWS_AS(parse_trace_header({}), Failure);
    abi::TraceHeader header{.magic = abi::trace_magic, .frequency = 1, .rings = {}};
    header.rings[3].capacity = u64{1} << 60;
    std::memcpy(bytes.data(), &header, sizeof(header));
    CHECK_THROWS_AS(parse_trace_header(bytes), Failure);
    header.rings[3].capacity = 4;
    std::memcpy(bytes.data(), &header, sizeof(header));
    CHECK(parse_trace_header(bytes).rings[3].capacity == 4);
}

TEST_CASE("a CPU shows who runs on it and for how long, nothing while it is idle")
{
    const auto trace =
        trace_of({record(10, TraceKind::run, client), record(30, TraceKind::run, server),
                  record(35, TraceKind::idle, 0), record(50, TraceKind::interrupt, 0, 27)});
    const auto demo = events_of(trace, "X", "demo/0");
    REQUIRE(demo.size() == 1);
    CHECK(demo[0].at("ts") == 10);
    CHECK(demo[0].at("dur") == 20);
    const auto blkd = events_of(trace, "X", "blkd/0");
    REQUIRE(blkd.size() == 1);
    CHECK(blkd[0].at("dur") == 5);
    CHECK(blkd[0].at("tid") == demo[0].at("tid"));
    CHECK(events_of(trace, "i", "interrupt 27").at(0).at("tid") == demo[0].at("tid"));
}

TEST_CASE("a call lasts until its thread returns from it, blocked or not")
{
    const auto trace =
        trace_of({record(10, TraceKind::enter, client, number(abi::Syscall::close)),
                  record(12, TraceKind::leave, client, number(abi::Syscall::close),
                         static_cast<u64>(Errc::bad_handle)),
                  record(20, TraceKind::enter, client, number(abi::Syscall::wait)),
                  record(21, TraceKind::run, server), record(60, TraceKind::run, client, 110)});
    const auto close = events_of(trace, "X", "close").at(0);
    CHECK(close.at("dur") == 2);
    CHECK(close.at("args").at("result") == "bad_handle");
    const auto wait = events_of(trace, "X", "wait").at(0);
    CHECK(wait.at("dur") == 40);
    CHECK(wait.at("args").at("result") == "timed_out");
    CHECK(wait.at("pid") == close.at("pid"));
}

TEST_CASE("a message flows from its sender to who receives it")
{
    const auto trace = trace_of({record(10, TraceKind::request, client, client, server),
                                 record(20, TraceKind::reply, server, server, client)});
    const auto start = events_of(trace, "s", "request").at(0);
    const auto end = events_of(trace, "f", "request").at(0);
    CHECK(start.at("id") == end.at("id"));
    CHECK(start.at("pid") != end.at("pid"));
    CHECK(events_of(trace, "f", "reply").at(0).at("pid") == start.at("pid"));
    CHECK(events_of(trace, "s", "reply").at(0).at("id") != start.at("id"));
}

TEST_CASE("an object in the place of one that is gone has a track of its own")
{
    const auto trace = trace_of({record(10, TraceKind::enter, client, number(abi::Syscall::exit)),
                                 record(11, TraceKind::thread_ended, server, client),
                                 named(1, "next"), record(20, TraceKind::thread_made, client, 1, 0),
                                 record(30, TraceKind::enter, client, number(abi::Syscall::wait)),
                                 record(40, TraceKind::idle, 0)});
    CHECK(events_of(trace, "X", "exit").at(0).at("dur") == 1);
    CHECK(events_of(trace, "X", "exit").at(0).at("pid")
          != events_of(trace, "X", "wait").at(0).at("pid"));
}

TEST_CASE("a line of the log is put together from its records")
{
    auto first = record(10, TraceKind::text, client);
    auto second = record(10, TraceKind::more_text, client);
    std::memcpy(first.words.data(), "a line of more t", 16);
    std::memcpy(second.words.data(), "han \x01\x80", 6);
    const auto line = events_of(trace_of({first, second}), "i", "log").at(0);
    CHECK(line.at("args").at("line") == "a line of more than ??");
}

TEST_CASE("records that name nobody, or nothing that is known, are shown all the same")
{
    const auto trace = trace_of(
        {record(1, TraceKind::run, 0x999), record(2, static_cast<TraceKind>(200), 0x999),
         record(3, TraceKind::enter, 0x999, 1'000), record(4, TraceKind::kill, 0, 0x777, 3)});
    CHECK(events_of(trace, "X", "call 1000").size() == 1);
    CHECK(Json::parse(chrome_trace({})).at("traceEvents").size() == 1);
}

TEST_CASE("calls and errors have the names of their enumerators")
{
    CHECK(call_name(number(abi::Syscall::map_device)) == "map_device");
    CHECK(call_name(abi::syscall_count) == fmt::format("call {}", abi::syscall_count));
    CHECK(error_name(0) == "ok");
    CHECK(error_name(110) == "timed_out");
    CHECK(error_name(1) == "error 1");
}
