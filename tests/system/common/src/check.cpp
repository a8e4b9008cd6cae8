// check.cpp - runs cases, counts what they leave behind, prints one line for each.
#include <check/check.hpp>
#include <check/counters.hpp>
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

void run_body(const Case& one)
{
    one.body();
    if (one.runs == Runs::once || running.outcome != Outcome::passed)
        return;
    const Counters before = settled();
    one.body();
    nothing_left(before);
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

// One of the first `count` arguments, of which there may be none, is a part of the sentence.
bool selected(const sys::Startup& given, std::string_view sentence, u32 count)
{
    for (u32 i = 0; i < count; ++i)
        if (sentence.contains(given.argument(i)))
            return true;
    return count == 0;
}

int report(u32 ran, u32 bad)
{
    running.sentence = {};
    text::Buffer<80> line;
    line.put(bad == 0 ? "all of " : "not all of ").number(ran).put(" cases passed");
    sys::out(line.view());
    return bad == 0 && ran > 0 ? 0 : 1;
}

int run_some(const sys::Startup& given, std::initializer_list<Cases> groups, u32 selectors)
{
    running.given = &given;
    running.self = given.grant<sys::Process>("self").value_or(sys::Borrowed<sys::Process>{});
    u32 ran = 0;
    u32 bad = 0;
    for (const Cases group : groups)
        for (const Case& one : group) {
            if (!selected(given, one.sentence, selectors))
                continue;
            ++ran;
            bad += run_case(one) == Outcome::failed ? 1 : 0;
        }
    return report(ran, bad);
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
    return run_some(given, groups, given.argument_count());
}

int run_all(const sys::Startup& given, std::initializer_list<Cases> groups)
{
    return run_some(given, groups, 0);
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
