// fault/defect.hpp - tests/defects/NAME.toml: a mistake for one file of the sources, and what must
// tell of it. Data: the sources themselves are never changed.
#pragma once

#include "file.hpp"

namespace vireo::fault {

struct Change {
    std::string before;  // is in the file once
    std::string after;
};

struct Defect {
    std::string name;
    std::string file;  // of the sources
    std::vector<Change> changes{};
    std::string why{};                  // nobody wants that
    std::vector<std::string> builds{};  // targets that the run needs, and experiments do not
    std::vector<std::string> run{};     // words of tools/vireo
    std::string shows{};                // in a line that is printed then
};

// The name is the file's. Throws SourceErrors for what makes no sense.
Defect parse_defect(const std::string& text, const std::string& file);

// All of a folder, in the order of their names.
std::vector<Defect> load_defects(const fs::path& folder);

// The text of the file with the mistake in it. Exit::usage: what it changes is there not at all, or
// more than once.
std::string with_defect(const std::string& text, const Defect& defect);

// What a run with the defect came to.
enum class Seen {
    noticed,    // it failed, with the line that was asked for
    otherwise,  // it failed, without
    unnoticed,
};
Seen seen_by(const Defect& defect, int status, const std::string& output);

}  // namespace vireo::fault
