// trace_test.cpp - `trace` on the real image: a file that shows what happened.
#include <algorithm>
#include <fstream>
#include <set>

#include <catch2/catch.hpp>
#include <cli/tool.hpp>
#include <nlohmann/json.hpp>

using namespace cli;
using Json = nlohmann::json;
using Catch::Matchers::Contains;

namespace {

struct Shown {
    Ran run;
    std::vector<Json> events;

    std::set<std::string> names(const std::string& phase) const
    {
        std::set<std::string> names;
        for (const auto& event : events)
            if (event.at("ph") == phase)
                names.insert(event.at("name"));
        return names;
    }
    // Of processes or threads.
    std::set<std::string> titles(const std::string& kind) const
    {
        std::set<std::string> titles;
        for (const auto& event : events)
            if (event.at("name") == kind)
                titles.insert(event.at("args").at("name"));
        return titles;
    }
};

Shown trace(const Words& arguments)
{
    const TempDir dir;
    const auto file = dir / "t.json";
    Shown shown{.run = vireo(Words{"trace", "-o", file.string()} + arguments), .events = {}};
    if (fs::exists(file))
        shown.events = Json::parse(std::ifstream{file}).at("traceEvents").get<std::vector<Json>>();
    return shown;
}

bool slices_have_a_length(const Shown& shown)
{
    return std::ranges::all_of(shown.events, [](const Json& event) {
        return event.at("ph") != "X" || event.at("dur").get<double>() >= 0;
    });
}

}  // namespace

TEST_CASE("a trace of the demo has its servers, their calls, messages and interrupts")
{
    const auto shown = trace({"--cpus", "1"});  // with several nobody's time slice may end
    CHECK(shown.run.status == 0);
    CHECK_THAT(shown.run.out, Contains("| demo: all good"));
    CHECK_THAT(shown.run.err, Contains(" 0 older ones lost"));
    for (const auto* process : {"CPUs", "init", "disk0", "scratch0", "rng0", "demo"})
        CHECK(shown.titles("process_name").contains(process));
    CHECK(shown.titles("thread_name").contains("disk0/0"));
    for (const auto* slice : {"demo/0", "call", "reply_recv", "map_device", "signal_wait"})
        CHECK(shown.names("X").contains(slice));
    CHECK(shown.names("s") == std::set<std::string>{"request", "reply"});
    CHECK(shown.names("f") == std::set<std::string>{"request", "reply"});
    CHECK(shown.names("i").contains("wake"));
    CHECK(shown.names("i").contains("interrupt 27"));
    CHECK(slices_have_a_length(shown));
}

TEST_CASE("a trace of two CPUs and a command has a track for each CPU")
{
    const auto shown = trace({"--cpus", "2", "-c", "rand 4"});
    CHECK(shown.run.status == 0);
    CHECK(shown.titles("thread_name").contains("CPU 0"));
    CHECK(shown.titles("thread_name").contains("CPU 1"));
    CHECK(shown.titles("process_name").contains("vsh"));
    CHECK(slices_have_a_length(shown));
}

TEST_CASE("a guest that hangs is traced up to there, and looked at as without a trace")
{
    const auto shown = trace({SOURCE_FOLDER "/ending/ending.toml", "-c", "spin", "--timeout", "3"});
    CHECK(shown.run.status == 124);
    CHECK_THAT(shown.run.err, Contains("spin_silently"));
    CHECK(shown.titles("process_name").contains("init"));
    CHECK(slices_have_a_length(shown));
}
