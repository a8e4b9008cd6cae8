// test.cpp - `test`: all tests, in stages.
#include "test.hpp"

#include "build.hpp"
#include "doctor.hpp"
#include "failure.hpp"
#include "guest_log.hpp"
#include "ledger.hpp"
#include "process.hpp"
#include "text.hpp"

#include <algorithm>
#include <cstdio>
#include <regex>

#include <fmt/format.h>

namespace vireo {
namespace {

using namespace std::chrono_literals;

constexpr auto news_interval = 10s;  // nobody looks at silence for longer
constexpr auto stop_grace = 5s;
constexpr u32 parallel = 2;

struct Tally {
    u32 planned = 0;
    u32 done = 0;
    std::vector<std::string> failed{};
};

void announce(usize number, usize count, const std::string& name, std::chrono::seconds limit)
{
    fmt::print("stage {}/{}: {} (limit {} s)\n", number, count, name, limit.count());
    flush(stdout);
}

std::vector<std::string>
ctest_words(const Project& project, const Stage& stage, const TestOptions& options)
{
    std::vector<std::string> words{"env"};
    words.insert(words.end(), stage.environment.begin(), stage.environment.end());
    words.insert(words.end(), {"ctest", "--test-dir", project.host_tree().string()});
    words.insert(words.end(), stage.selection.begin(), stage.selection.end());
    if (!options.filter.empty())
        words.insert(words.end(), {"-R", options.filter});
    return words;
}

u32 count_planned(const Project& project, const Stage& stage, const TestOptions& options)
{
    auto words = ctest_words(project, stage, options);
    words.emplace_back("-N");
    const auto listed = run_captured(words, setup_limit);
    // To ctest a filter that cannot be read is one that matches nothing.
    if (listed.out.contains("RegularExpression::compile(): "))
        throw Failure{Exit::usage, "cannot read the filter " + options.filter,
                      "it is a regular expression of cmake's kind",
                      "[(] stands for a parenthesis, [*] for a star"};
    const auto total = parse_total(listed.out);
    if (!total)
        throw Failure{Exit::build, "ctest does not list the tests", listed.out + listed.err,
                      "tools/vireo build"};
    return *total;
}

// "system-tests-round-2-of-20"
std::string file_name(std::string name)
{
    std::erase(name, ',');
    std::ranges::replace(name, ' ', '-');
    return name;
}

std::vector<std::string>
run_words(const Project& project, const Stage& stage, const TestOptions& options)
{
    auto words = ctest_words(project, stage, options);
    words.insert(words.end(), {"-j", std::to_string(parallel), "--output-on-failure"});
    if (!options.junit.empty()) {
        fs::create_directories(options.junit);
        const auto file = fs::absolute(options.junit) / (file_name(stage.name) + ".xml");
        words.insert(words.end(), {"--output-junit", file.string()});
    }
    return words;
}

// Follows one ctest: counts, hides what passed, shows everything else.
class Follower {
public:
    Follower(Tally& tally, bool verbose) : tally_{tally}, verbose_{verbose} {}

    void read(std::string_view bytes)
    {
        lines_.feed(bytes, [this](const std::string& line) { follow(line); });
    }
    void news()
    {
        fmt::print("  {}/{}\n", tally_.done, tally_.planned);
        flush(stdout);
        next_news_ = Clock::now() + news_interval;
    }
    Deadline next_news() const { return next_news_; }

private:
    void follow(const std::string& line)
    {
        const auto result = parse_test_line(line);
        if (result) {
            ++tally_.done;
            if (!result->passed)
                tally_.failed.push_back(result->name);
        }
        static const std::regex noise{
            R"(^(\s+Start\s+\d+:|Internal ctest|Test project|Label Time|Total Test time|\S.*=.*sec\*proc))"};
        const bool hidden = (result && result->passed) || std::regex_search(line, noise)
                            || line.contains("% tests passed,");
        if (verbose_ || !hidden)
            fmt::print("{}\n", line);
        flush(stdout);
    }

    Tally& tally_;
    bool verbose_;
    LineSplitter lines_;
    Deadline next_news_ = Clock::now() + news_interval;
};

// False if the limit ended it.
bool run_stage(const std::vector<std::string>& words,
               std::chrono::seconds limit,
               Follower& follower)
{
    Child ctest{{.argv = words, .error = Output::inherit}};
    const auto end = Clock::now() + limit;
    const Pump handlers{.out = [&](std::string_view bytes) { follower.read(bytes); },
                        .deadline = [&] { return std::min<Deadline>(end, follower.next_news()); }};
    auto result = pump(ctest, handlers);
    while (result == Pumped::deadline && Clock::now() < end) {
        follower.news();
        result = pump(ctest, handlers);
    }
    if (result == Pumped::finished)
        return true;
    ctest.stop(stop_grace);
    if (result == Pumped::interrupted)
        throw Failure{Exit::interrupted, "interrupted"};
    return false;
}

Tally test_stage(const Project& project, const Stage& stage, const Options& options)
{
    Tally tally{.planned = count_planned(project, stage, options.test)};
    if (tally.planned == 0) {
        fmt::print("  no tests\n");
        if (options.test.full && options.test.filter.empty())
            tally.failed.push_back(fmt::format("(there is no test of '{}')", stage.name));
        return tally;
    }
    Follower follower{tally, options.verbose};
    if (!run_stage(run_words(project, stage, options.test), stage.limit, follower))
        fmt::print("  the limit of {} s is over\n", stage.limit.count());
    if (tally.done < tally.planned)
        tally.failed.push_back(fmt::format("({} planned tests of '{}' did not run)",
                                           tally.planned - tally.done, stage.name));
    fmt::print("  {}/{} done, {} failed\n", tally.done, tally.planned, tally.failed.size());
    return tally;
}

void check_machine(const Project& project, const Options& options)
{
    for (const auto& finding : examine(project, options))
        if (!finding.good && !finding.optional)
            throw Failure{Exit::environment, finding.what, finding.why, finding.fix};
}

int close(const Tally& total, const Project& project)
{
    for (const auto& name : total.failed)
        fmt::print("failed: {}\n", name);
    if (total.planned == 0)
        fmt::print("vireo: error: no test was found\n"
                   "   fix: ctest --test-dir {} -N lists all names; some need --full\n",
                   project.shown(project.host_tree()));
    const auto failed = static_cast<u32>(total.failed.size());
    fmt::print("{}\n", closing_line(failed, total.planned));
    return code(failed == 0 && total.planned != 0 ? Exit::ok : Exit::test_failed);
}

// One `test` from its first stage to its last.
class Testing {
public:
    Testing(const Project& project, const Options& options)
        : project_{project},
          options_{options},
          sources_{hash_of_sources(project.root)},
          stages_{stages_of(options.test, sources_)},
          ledger_{project.ledger(), sources_}
    {
        if (options.test.restart)
            ledger_.forget();
    }

    int run()
    {
        prepare();
        for (usize i = 0; i < stages_.size(); ++i)
            for (u32 round = 1; round <= options_.test.repeat; ++round)
                if (!run_round(i, round))
                    break;
        return close(total_, project_);
    }

private:
    void prepare() const
    {
        const usize count = stages_.size() + 2;
        announce(1, count, "set-up", setup_limit);
        check_machine(project_, options_);
        announce(2, count, "build", build_limit);
        build_all(project_, options_, build_limit);
    }
    // False: no further round.
    bool run_round(usize number, u32 round)
    {
        auto stage = stages_[number];
        if (options_.test.repeat > 1)
            stage.name += fmt::format(", round {} of {}", round, options_.test.repeat);
        announce(number + 3, stages_.size() + 2, stage.name, stage.limit);
        const auto filter = options_.test.filter;
        const auto entry = filter.empty() ? stage.name : stage.name + " like " + filter;
        if (const auto tests = resumable() ? ledger_.passed(entry) : std::nullopt) {
            fmt::print("  {0}/{0} passed before, with the same sources\n", *tests);
            total_.planned += *tests;
            return *tests > 0;
        }
        const auto start = Clock::now();
        const auto tally = test_stage(project_, stage, options_);
        const auto took = std::chrono::ceil<std::chrono::seconds>(Clock::now() - start);
        if (resumable())
            ledger_.note(entry, tally.failed.empty(), tally.planned, took);
        total_.planned += tally.planned;
        total_.failed.insert(total_.failed.end(), tally.failed.begin(), tally.failed.end());
        return tally.failed.empty() && tally.planned > 0;
    }
    // What is over in minutes starts anew each time.
    bool resumable() const { return options_.test.full || options_.test.repeat > 1; }

    const Project& project_;
    const Options& options_;
    u64 sources_;
    std::vector<Stage> stages_;
    Ledger ledger_;
    Tally total_;
};

}  // namespace

std::optional<TestLine> parse_test_line(const std::string& line)
{
    static const std::regex result{R"(^\s*\d+/\d+ Test\s+#\d+: (.+) \.+\s*(\S.*)$)"};
    std::smatch found;
    if (!std::regex_search(line, found, result))
        return std::nullopt;
    return TestLine{.name = found[1], .passed = found[2].str().starts_with("Passed")};
}

std::optional<u32> parse_total(const std::string& output)
{
    static const std::regex total{R"(Total Tests: (\d+))"};
    std::smatch found;
    if (!std::regex_search(output, found, total))
        return std::nullopt;
    return static_cast<u32>(std::stoul(found[1]));
}

std::string closing_line(u32 failed, u32 planned)
{
    const u32 passed = planned - std::min(failed, planned);
    // Rounded down, so that 100% means all.
    const u32 percent = planned == 0 ? 0 : passed * 100 / planned;
    return fmt::format("{}% tests passed, {} tests failed out of {}", percent, failed, planned);
}

int test(const Project& project, const Options& options) { return Testing{project, options}.run(); }

}  // namespace vireo
