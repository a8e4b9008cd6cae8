// check.cpp - runs cases, counts what they leave behind, prints one line for each.
#include <check/check.hpp>

#include <abi/info.hpp>
#include <sys/process.hpp>

namespace check {

namespace {

enum class Outcome : u8 { passed, failed, skipped };

struct Running {
    const sys::Startup* given = nullptr;
    sys::Borrowed<sys::Process> self{};
    std::string_view sentence;
    Outcome outcome = Outcome::passed;
};

constinit Running running{};

std::string_view file_name(const Where& where)
{
    const std::string_view path{where.file_name()};
    return path.substr(path.rfind('/') + 1);
}

void print(std::string_view verdict, std::string_view why = {})
{
    text::Buffer<400> line;
    line.put(verdict).put(' ').put(running.sentence);
    if (!why.empty())
        line.put(": ").put(why);
    sys::out(line.view());
}

void print_failure(std::string_view why, const Where& where)
{
    text::Buffer<300> line;
    line.put(why).put(' ').put(file_name(where)).put(':').number(where.line());
    print("FAIL", line.view());
}

abi::SystemInfo counters() { return need(sys::system_info()); }

void same(std::string_view what, u64 before, u64 after)
{
    if (before == after)
        return;
    text::Buffer<100> line;
    line.put("left behind: ").put(what).put(' ').number(before).put(" -> ").number(after);
    failed(line.view(), Where::current());
}

void nothing_left(const abi::SystemInfo& before, const abi::SystemInfo& after)
{
    same("frames free", before.frames_free, after.frames_free);
    same("processes", before.processes, after.processes);
    same("threads", before.threads, after.threads);
    same("endpoints", before.endpoints, after.endpoints);
    same("badges", before.badges, after.badges);
    same("notifications", before.notifications, after.notifications);
    same("memories", before.memories, after.memories);
    same("mappings", before.mappings, after.mappings);
    same("pins", before.pins, after.pins);
    same("pinned pages", before.pinned_pages, after.pinned_pages);
    same("handles", before.handles, after.handles);
}

void run_body(const Case& one)
{
    one.body();
    if (one.runs == Runs::once || running.outcome != Outcome::passed)
        return;
    const abi::SystemInfo before = counters();
    one.body();
    nothing_left(before, counters());
}

Outcome run_case(const Case& one)
{
    running.sentence = one.sentence;
    running.outcome = Outcome::passed;
    run_body(one);
    if (running.outcome == Outcome::passed)
        print("PASS");
    return running.outcome;
}

bool selected(const sys::Startup& given, std::string_view sentence)
{
    for (u32 i = 0; i < given.argument_count(); ++i)
        if (sentence.contains(given.argument(i)))
            return true;
    return given.argument_count() == 0;
}

int report(u32 ran, u32 bad)
{
    running.sentence = {};
    text::Buffer<80> line;
    line.put(bad == 0 ? "all of " : "not all of ").number(ran).put(" cases passed");
    sys::out(line.view());
    return bad == 0 && ran > 0 ? 0 : 1;
}

}  // namespace

const sys::Startup& given() { return *running.given; }
sys::Borrowed<sys::Process> self() { return running.self; }

void failed(std::string_view why, const Where& where)
{
    running.outcome = Outcome::failed;
    print_failure(why, where);
}

void skip(std::string_view why)
{
    running.outcome = Outcome::skipped;
    print("SKIP", why);
}

void stop(std::string_view why, const Where& where)
{
    print_failure(why, where);
    sys::exit(1);
}

int run(const sys::Startup& given, std::initializer_list<Cases> groups)
{
    running.given = &given;
    running.self = given.grant<sys::Process>("self").value_or(sys::Borrowed<sys::Process>{});
    u32 ran = 0;
    u32 bad = 0;
    for (const Cases group : groups)
        for (const Case& one : group) {
            if (!selected(given, one.sentence))
                continue;
            ++ran;
            bad += run_case(one) == Outcome::failed ? 1 : 0;
        }
    return report(ran, bad);
}

namespace detail {

void put(Line& line, Errc value) { line.put(sys::error_name(value)); }

void put(Line& line, u64 value)
{
    line.number(value);
    if (value > 9)
        line.put(" (0x").hex(value).put(')');
}

}  // namespace detail

}  // namespace check
