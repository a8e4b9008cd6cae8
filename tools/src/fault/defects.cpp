// fault/defects.cpp - a copy of the sources, without a mistake and with one at a time.
#include "fault/defects.hpp"

#include "build.hpp"
#include "failure.hpp"
#include "fault/defect.hpp"
#include "ledger.hpp"
#include "lock.hpp"
#include "process.hpp"
#include "text.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

namespace vireo::fault {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds run_limit = 4min;
constexpr usize shown_lines = 15;  // of a run that did not say what it should
constexpr std::array<std::string_view, 3> seen_names{"noticed", "NOT AS IT SHOULD", "UNNOTICED"};

// What the systems of the defects' runs are made of.
constexpr std::array system_targets{"image-kernel", "image-kernel-fault",
                                    "init",         "blkd",
                                    "consoled",     "inputd",
                                    "netd",         "rngd",
                                    "lab",          "mute"};

std::vector<Defect> chosen_defects(const Project& project, const std::vector<std::string>& names)
{
    auto all = load_defects(project.root / "tests/defects");
    std::vector<std::string> known;
    for (const auto& one : all)
        known.push_back(one.name);
    for (const auto& name : names)
        if (!std::ranges::contains(known, name))
            throw Failure{Exit::usage,
                          fmt::format("there is no defect '{}'{}", name, suggestion(name, known)),
                          "known are: " + join(known, ", ")};
    if (!names.empty())
        std::erase_if(all,
                      [&](const Defect& one) { return !std::ranges::contains(names, one.name); });
    return all;
}

// The sources again, one file of them with a mistake. What is the same is left alone, so that only
// what changes is built.
class Copy {
public:
    explicit Copy(const Project& project) : from_{project.root}, to_{project.root / copy_folder}
    {
        for (const auto& file : source_files(from_))
            files_.insert(file.lexically_relative(from_));
    }

    void become(const Defect& defect)
    {
        if (!files_.contains(defect.file))
            throw Failure{Exit::usage,
                          fmt::format("the defect {} is in no file of the sources", defect.name),
                          defect.file};
        become_sources(defect.file);
        put(defect.file, with_defect(read_text(from_ / defect.file), defect));
    }
    // Without a mistake, but for a file that is left as it is.
    void become_sources(const fs::path& but = {})
    {
        for (const auto& file : files_)
            if (file != but)
                put(file, read_text(from_ / file));
        for (const auto& file : fs::exists(to_) ? source_files(to_) : std::vector<fs::path>{})
            if (!files_.contains(file.lexically_relative(to_)))
                fs::remove(file);
    }
    Project project() const { return Project{to_}; }

private:
    static constexpr auto copy_folder = "build/defects/sources";

    void put(const fs::path& file, const std::string& text) const
    {
        const auto there = to_ / file;
        if (fs::exists(there) && read_text(there) == text)
            return;
        fs::create_directories(there.parent_path());
        write_file(there, text);
    }

    fs::path from_;
    fs::path to_;
    std::set<fs::path> files_;  // relative
};

using Words = std::vector<std::string>;

// The machine is the run's own affair, whatever this one was told.
Words words_of(const Project& copy, const Words& run)
{
    Words words{"env"};
    for (const auto* name : {"VIREO_TARGET_DIR", "VIREO_CPUS", "VIREO_GIC", "VIREO_CPU",
                             "VIREO_LEGACY", "VIREO_RINGS"})
        words.insert(words.end(), {"-u", name});
    words.push_back("VIREO_ROOT=" + copy.root.string());
    words.push_back(fs::read_symlink("/proc/self/exe").string());
    words.insert(words.end(), run.begin(), run.end());
    words.push_back("--no-build");
    return words;
}

struct Attempt {
    int status = 0;
    std::chrono::seconds took{0};
    std::string output;
};

// Builds the copy with these targets too, and runs that in it: the run's words name its files.
Attempt attempt(const Project& copy, const Options& options, const Words& builds, const Words& run)
{
    const auto start = Clock::now();
    Words targets{system_targets.begin(), system_targets.end()};
    targets.insert(targets.end(), builds.begin(), builds.end());
    build_targets(copy, options, targets);
    Attempt result;
    Child child{{.argv = words_of(copy, run), .directory = copy.root}};
    const auto collect = [&](std::string_view more) { result.output += more; };
    const auto end = Clock::now() + run_limit;
    const auto pumped =
        pump(child, {.out = collect, .err = collect, .deadline = [=] { return Deadline{end}; }});
    if (pumped != Pumped::finished)
        child.stop(5s);
    if (pumped == Pumped::interrupted)
        throw Failure{Exit::interrupted, "interrupted"};
    result.status = child.wait();
    result.took = std::chrono::ceil<std::chrono::seconds>(Clock::now() - start);
    return result;
}

void tell_end_of(const std::string& output)
{
    const auto lines = lines_of(output);
    for (usize n = lines.size() - std::min(lines.size(), shown_lines); n < lines.size(); ++n)
        fmt::print("    {}\n", lines[n]);
}

void tell(const Defect& defect, const Attempt& result, Seen seen)
{
    fmt::print("{:<28} {:>5} s  {:<16}  {}\n", defect.name, result.took.count(),
               seen_names[static_cast<usize>(seen)], defect.shows);
    if (seen != Seen::noticed) {
        tell_end_of(result.output);
        fmt::print("    {}: {}\n", defect.file, defect.why);
    }
    flush(stdout);
}

// Judges mistakes; what was seen before with the same sources is not tried again.
class Trial {
public:
    Trial(const Project& project, const Options& options, std::vector<Defect> defects)
        : options_{options},
          defects_{std::move(defects)},
          ledger_{project.root / "build/defects.ledger", hash_of_sources(project.root)},
          copy_{project}
    {
    }

    // A run that fails without a mistake tells nothing of one. False: there is one.
    bool control();
    // How many were noticed.
    usize defects(bool again);
    usize count() const { return defects_.size(); }

private:
    const Options& options_;
    std::vector<Defect> defects_;
    Ledger ledger_;
    Copy copy_;
};

bool Trial::control()
{
    std::map<Words, Words> runs;  // and what they need
    for (const auto& one : defects_)
        runs[one.run].insert(runs[one.run].end(), one.builds.begin(), one.builds.end());
    std::erase_if(runs, [&](const auto& one) {
        return ledger_.passed("control: " + join(one.first, " ")).has_value();
    });
    bool green = true;
    if (!runs.empty())
        copy_.become_sources();
    for (const auto& [run, builds] : runs) {
        const auto result = attempt(copy_.project(), options_, builds, run);
        const bool good = result.status == code(Exit::ok);
        const auto name = join(run, " ");
        fmt::print("{:<28} {:>5} s  {:<16}  {}\n", "no defect", result.took.count(),
                   good ? "green" : "FAILS", name);
        if (!good)
            tell_end_of(result.output);
        flush(stdout);
        ledger_.note("control: " + name, good, 1, result.took);
        green = green && good;
    }
    return green;
}

usize Trial::defects(bool again)
{
    usize noticed = 0;
    for (const auto& defect : defects_) {
        if (!again && ledger_.passed(defect.name)) {
            fmt::print("{:<28} {:>7}  noticed, with the same sources\n", defect.name, "before");
            ++noticed;
            continue;
        }
        copy_.become(defect);
        const auto result = attempt(copy_.project(), options_, defect.builds, defect.run);
        const auto seen = seen_by(defect, result.status, result.output);
        tell(defect, result, seen);
        ledger_.note(defect.name, seen == Seen::noticed, 1, result.took);
        noticed += seen == Seen::noticed ? 1 : 0;
    }
    return noticed;
}

}  // namespace

int try_defects(const Project& project, const Options& options)
{
    const auto& names = options.fault.experiments;
    const auto lock = wait_for_lock(project.root / "build/defects.lock", "another run of defects");
    Trial trial{project, options, chosen_defects(project, names)};
    fmt::print("{:<28} {:>7}  {:<16}  by\n", "defect", "", "");
    if (!trial.control())
        throw Failure{Exit::test_failed, "what must tell of defects fails without one"};
    const usize noticed = trial.defects(!names.empty());
    fmt::print("{} of {} defects noticed\n", noticed, trial.count());
    return code(noticed == trial.count() ? Exit::ok : Exit::test_failed);
}

}  // namespace vireo::fault
