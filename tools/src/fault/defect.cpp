// fault/defect.cpp - reads defects, and makes them in a text.
#include "fault/defect.hpp"

#include "failure.hpp"
#include "table_reader.hpp"
#include "text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace vireo::fault {
namespace {

std::vector<std::string> read_builds(TableReader& in)
{
    std::vector<std::string> builds;
    for (const auto& target : in.texts("builds"))
        builds.push_back(target.text);
    return builds;
}

std::vector<std::string> read_run(TableReader& in)
{
    const auto words = shell_words(in.required_text("run").text);
    if (words && words->size() > 1 && (words->front() == "fault" || words->front() == "run"))
        return *words;
    in.error("run", "it is 'fault EXPERIMENT ...' or 'run SYSTEM ...', as after tools/vireo");
    return {};
}

std::vector<Change> read_changes(TableReader& in)
{
    std::vector<Change> changes;
    if (const auto* all = in.array("change"))
        for (const auto& each : *all) {
            if (!each.is_table())
                continue;
            TableReader change{*each.as_table(), "[[change]]", in.errors()};
            changes.push_back({change.required_text("old").text, change.required_text("new").text});
            if (changes.back().before.empty() || changes.back().before == changes.back().after)
                change.error("old", "nothing is changed");
            change.finish();
        }
    if (changes.empty())
        in.error("change", "the file needs a [[change]]");
    return changes;
}

std::string changed(const std::string& text, const Change& change, const Defect& defect)
{
    const auto at = text.find(change.before);
    if (at == std::string::npos || text.find(change.before, at + 1) != std::string::npos)
        throw Failure{
            Exit::usage, fmt::format("the defect {} does not fit {}", defect.name, defect.file),
            fmt::format("this is there {}: {}",
                        at == std::string::npos ? "not at all" : "more than once", change.before),
            "bring tests/defects/" + defect.name + ".toml up to date"};
    return std::string{text}.replace(at, change.before.size(), change.after);
}

}  // namespace

Defect parse_defect(const std::string& text, const std::string& file)
{
    const auto table = parse_toml(text, file);
    Diagnostics errors{file, text};
    TableReader in{table, "the file", errors};
    Defect defect{.name = fs::path{file}.stem().string(),
                  .file = in.required_text("file").text,
                  .changes = read_changes(in),
                  .why = in.required_text("why").text,
                  .builds = read_builds(in),
                  .run = read_run(in),
                  .shows = in.required_text("shows").text};
    in.finish();
    errors.check();
    return defect;
}

std::vector<Defect> load_defects(const fs::path& folder)
{
    std::vector<Defect> all;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator{folder, none})
        if (entry.path().extension() == ".toml")
            all.push_back(parse_defect(read_text(entry.path()), entry.path().string()));
    std::ranges::sort(all, {}, &Defect::name);
    return all;
}

std::string with_defect(const std::string& text, const Defect& defect)
{
    auto spoiled = text;
    for (const auto& change : defect.changes)
        spoiled = changed(spoiled, change, defect);
    return spoiled;
}

Seen seen_by(const Defect& defect, int status, const std::string& output)
{
    if (status == code(Exit::ok))
        return Seen::unnoticed;
    const auto lines = lines_of(output);
    const bool shown = std::ranges::any_of(
        lines, [&](const std::string& line) { return line.contains(defect.shows); });
    return shown ? Seen::noticed : Seen::otherwise;
}

}  // namespace vireo::fault
