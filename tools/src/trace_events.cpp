// trace_events.cpp - from records of the traced kernel to the trace event format.
#include "trace_events.hpp"

#include "call_names.hpp"

#include <cmath>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vireo {
namespace {

using abi::TraceKind;
using abi::TraceRecord;
using Json = nlohmann::ordered_json;

constexpr u32 machine = 1;  // the process whose tracks are CPUs

std::string characters(const TraceRecord& record)
{
    std::string text;
    for (u64 i = 0; i < 16; ++i)
        if (const char c = static_cast<char>(record.words[i / 8] >> i % 8 * 8 & 0xff); c != 0)
            text += c >= ' ' && c <= '~' ? c : '?';
    return text;
}

class Writer {
public:
    explicit Writer(const Trace& trace) : trace_{trace} {}

    std::string run()
    {
        name("process_name", machine, 0, "CPUs");
        for (const auto& record : trace_.records)
            read(record);
        close_all();
        Json out;
        out["displayTimeUnit"] = "ns";
        out["otherData"] = {{"records", trace_.records.size()}, {"lost", trace_.lost}};
        out["traceEvents"] = std::move(events_);
        return out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    }

private:
    struct Slice {
        std::string name;
        u64 start = 0;
        Json arguments = Json::object();
    };
    struct Track {
        u32 process = 0;
        u32 thread = 0;
        std::string name{};
        std::optional<Slice> open{};
    };
    struct Process {
        u32 number = 0;
        std::string name{};
    };

    // Where the event is shown, and when.
    Json event(const char* phase, const std::string& what, const Track& on, u64 ticks) const
    {
        return {{"ph", phase},
                {"name", what},
                {"pid", on.process},
                {"tid", on.thread},
                {"ts", microseconds(ticks)}};
    }
    double microseconds(u64 ticks) const
    {
        const auto nanoseconds =
            std::round(static_cast<double>(ticks) * 1e9 / static_cast<double>(trace_.frequency));
        return nanoseconds / 1000;
    }
    void name(const char* kind, u32 process, u32 thread, const std::string& text)
    {
        events_.push_back({{"ph", "M"},
                           {"name", kind},
                           {"pid", process},
                           {"tid", thread},
                           {"args", {{"name", text}}}});
    }
    void instant(const Track& on, u64 ticks, const std::string& what, Json arguments)
    {
        auto one = event("i", what, on, ticks);
        one["s"] = "t";
        one["args"] = std::move(arguments);
        events_.push_back(std::move(one));
    }
    void open(Track& on, u64 ticks, const std::string& what, Json arguments)
    {
        close(on, ticks);
        on.open = Slice{what, ticks, std::move(arguments)};
    }
    void close(Track& on, u64 ticks, const Json& more = Json::object())
    {
        if (!on.open)
            return;
        auto one = event("X", on.open->name, on, on.open->start);
        one["dur"] = microseconds(ticks - on.open->start);
        one["args"] = std::move(on.open->arguments);
        one["args"].update(more);
        events_.push_back(std::move(one));
        on.open.reset();
    }
    void close_all()
    {
        const u64 end = trace_.records.empty() ? 0 : trace_.records.back().ticks;
        for (auto& [number, track] : cpus_)
            close(track, end);
        for (auto& [id, track] : threads_)
            close(track, end);
    }

    Track& cpu(const TraceRecord& record)
    {
        auto& track = cpus_[record.cpu];
        if (track.process == 0) {
            track = {.process = machine, .thread = record.cpu + 1U};
            name("thread_name", machine, track.thread, fmt::format("CPU {}", record.cpu));
        }
        return track;
    }
    Process& process(u32 id)
    {
        auto& found = processes_[id];
        if (found.number == 0)
            make_process(id, fmt::format("process {:#x}", id));
        return found;
    }
    void make_process(u32 id, const std::string& text)
    {
        processes_[id] = {++last_process_, text};
        name("process_name", last_process_, 0, text);
    }
    // A thread whose name is not known is none of a process that is known either.
    Track& thread(u32 id)
    {
        auto& track = threads_[id];
        if (track.process == 0)
            make_thread(id, 0, 0);
        return track;
    }
    void make_thread(u32 id, u32 of, u64 index)
    {
        const auto& owner = process(of);
        threads_[id] = {.process = owner.number,
                        .thread = ++last_thread_,
                        .name = fmt::format("{}/{}", owner.name, index)};
        name("thread_name", owner.number, last_thread_, threads_[id].name);
    }

    void read(const TraceRecord& record)
    {
        const auto [first, second] = record.words;
        const auto id = static_cast<u32>(first);
        switch (record.kind) {
        case TraceKind::process_made:
            return make_process(record.who, characters(record));
        case TraceKind::thread_made:
            return make_thread(record.who, id, second);
        case TraceKind::thread_ended:
            return close(thread(id), record.ticks, {{"end", "of the thread"}});
        case TraceKind::enter:
            return open(thread(record.who), record.ticks, call_name(first), {{"x0", second}});
        case TraceKind::leave:
            return close(thread(record.who), record.ticks, result(second));
        case TraceKind::run:
            open(cpu(record), record.ticks, thread(record.who).name, Json::object());
            return close(thread(record.who), record.ticks, result(first));
        case TraceKind::idle:
            return close(cpu(record), record.ticks);
        case TraceKind::request:
        case TraceKind::reply:
            return message(record, id, static_cast<u32>(second));
        default:
            return note(record);
        }
    }
    static Json result(u64 x0) { return {{"result", error_name(x0 & 0xffff'ffff)}}; }
    void message(const TraceRecord& record, u32 from, u32 to)
    {
        const auto* what = record.kind == TraceKind::request ? "request" : "reply";
        auto start = event("s", what, thread(from), record.ticks);
        auto end = event("f", what, thread(to), record.ticks);
        start["cat"] = end["cat"] = "message";
        start["id"] = end["id"] = ++last_message_;
        end["bp"] = "e";
        events_.push_back(std::move(start));
        events_.push_back(std::move(end));
    }
    // What takes no time.
    void note(const TraceRecord& record)
    {
        const auto [first, second] = record.words;
        const auto id = static_cast<u32>(first);
        auto& here = record.who == 0 ? cpu(record) : thread(record.who);
        switch (record.kind) {
        case TraceKind::wake:
            return instant(thread(id), record.ticks, "wake", {{"by", here.name}});
        case TraceKind::interrupt:
            return instant(cpu(record), record.ticks, fmt::format("interrupt {}", first),
                           {{"line", first}});
        case TraceKind::signal:
            return instant(here, record.ticks, "signal",
                           {{"notification", fmt::format("{:#x}", first)},
                            {"bits", fmt::format("{:#x}", second)}});
        case TraceKind::fault:
            return instant(
                here, record.ticks, "fault",
                {{"esr", fmt::format("{:#x}", first)}, {"far", fmt::format("{:#x}", second)}});
        case TraceKind::kill:
            return instant(here, record.ticks, "end of " + process(id).name, {{"cause", second}});
        case TraceKind::text:
            return instant(here, record.ticks, "log", {{"line", characters(record)}});
        case TraceKind::more_text:
            return extend_text(characters(record));
        default:
            return;  // a kernel that is newer than the tool
        }
    }
    // Records of one line follow each other, but for those of other CPUs.
    void extend_text(const std::string& more)
    {
        for (usize i = events_.size(); i-- > 0;)
            if (events_[i]["name"] == "log") {
                auto& line = events_[i]["args"]["line"];
                line = line.get<std::string>() + more;
                return;
            }
    }

    const Trace& trace_;
    Json events_ = Json::array();
    std::map<u32, Track> cpus_;
    std::map<u32, Track> threads_;
    std::map<u32, Process> processes_;
    u32 last_process_ = machine;
    u32 last_thread_ = 0;
    u64 last_message_ = 0;
};

}  // namespace

std::string chrome_trace(const Trace& trace) { return Writer{trace}.run(); }

}  // namespace vireo
