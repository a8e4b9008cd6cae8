// fault/defects.cpp - a copy of the sources, one mistake at a time.
#include "fault/defects.hpp"

#include "build.hpp"
#include "failure.hpp"
#include "fault/defect.hpp"
#include "ledger.hpp"
#include "process.hpp"
#include "text.hpp"

#include <algorithm>
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
        bool made = false;
        for (const auto& file : files_) {
            auto text = read_text(from_ / file);
            if (file == defect.file) {
                text = with_defect(text, defect);
                made = true;
            }
            put(file, text);
        }
        if (!made)
            throw Failure{Exit::usage,
                          fmt::format("the defect {} is in no file of the sources", defect.name),
                          defect.file};
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

// The machine is the run's own affair, whatever this one was told.
std::vector<std::string> words_of(const Project& copy, const Defect& defect)
{
    std::vector<std::string> words{"env"};
    for (const auto* name : {"VIREO_TARGET_DIR", "VIREO_CPUS", "VIREO_GIC", "VIREO_CPU",
                             "VIREO_LEGACY", "VIREO_RINGS"})
        words.insert(words.end(), {"-u", name});
    words.push_back("VIREO_ROOT=" + copy.root.string());
    words.push_back(fs::read_symlink("/proc/self/exe").string());
    words.insert(words.end(), defect.run.begin(), defect.run.end());
    words.push_back("--no-build");
    return words;
}

struct Attempt {
    Seen seen = Seen::unnoticed;
    std::chrono::seconds took{0};
    std::string output;
};

// In the copy, whose files the run's words name.
Attempt attempt(const Project& copy, const Options& options, const Defect& defect)
{
    const auto start = Clock::now();
    std::vector<std::string> targets{system_targets.begin(), system_targets.end()};
    targets.insert(targets.end(), defect.builds.begin(), defect.builds.end());
    build_targets(copy, options, targets);
    Attempt result;
    Child child{{.argv = words_of(copy, defect), .directory = copy.root}};
    const auto collect = [&](std::string_view more) { result.output += more; };
    const auto end = Clock::now() + run_limit;
    const auto pumped =
        pump(child, {.out = collect, .err = collect, .deadline = [=] { return Deadline{end}; }});
    if (pumped != Pumped::finished)
        child.stop(5s);
    if (pumped == Pumped::interrupted)
        throw Failure{Exit::interrupted, "interrupted"};
    result.seen = seen_by(defect, child.wait(), result.output);
    result.took = std::chrono::ceil<std::chrono::seconds>(Clock::now() - start);
    return result;
}

void tell(const Defect& defect, const Attempt& result)
{
    fmt::print("{:<28} {:>5} s  {:<16}  {}\n", defect.name, result.took.count(),
               seen_names[static_cast<usize>(result.seen)], defect.shows);
    if (result.seen != Seen::noticed) {
        const auto lines = lines_of(result.output);
        for (usize n = lines.size() - std::min(lines.size(), shown_lines); n < lines.size(); ++n)
            fmt::print("    {}\n", lines[n]);
        fmt::print("    {}: {}\n", defect.file, defect.why);
    }
    flush(stdout);
}

}  // namespace

int try_defects(const Project& project, const Options& options)
{
    const auto& names = options.fault.experiments;
    const auto defects = chosen_defects(project, names);
    Ledger ledger{project.root / "build/defects.ledger", hash_of_sources(project.root)};
    Copy copy{project};
    usize noticed = 0;
    fmt::print("{:<28} {:>7}  {:<16}  by\n", "defect", "", "");
    for (const auto& defect : defects) {
        if (names.empty() && ledger.passed(defect.name)) {
            fmt::print("{:<28} {:>7}  noticed, with the same sources\n", defect.name, "before");
            ++noticed;
            continue;
        }
        copy.become(defect);
        const auto result = attempt(copy.project(), options, defect);
        tell(defect, result);
        ledger.note(defect.name, result.seen == Seen::noticed, 1, result.took);
        noticed += result.seen == Seen::noticed ? 1 : 0;
    }
    fmt::print("{} of {} defects noticed\n", noticed, defects.size());
    return code(noticed == defects.size() ? Exit::ok : Exit::test_failed);
}

}  // namespace vireo::fault
