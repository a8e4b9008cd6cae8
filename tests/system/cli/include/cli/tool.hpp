// cli/tool.hpp - tools/vireo as its user runs it: the shell shim with arguments, what it printed
// where, and its status.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace cli {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

// A directory of one test case, gone afterwards.
class TempDir {
public:
    TempDir();
    ~TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    fs::path operator/(const std::string& name) const { return path_ / name; }

private:
    fs::path path_;
};

// A run directory that the tool left behind for its user to look at; gone with the last copy.
class Remains {
public:
    Remains() = default;
    explicit Remains(fs::path path);

    bool exist() const { return directory_ != nullptr; }
    std::string text(const std::string& file) const;
    fs::path path() const { return directory_ ? *directory_ : fs::path{}; }

private:
    std::shared_ptr<fs::path> directory_;
};

struct Ran {
    int status;
    std::string out;
    std::string err;
    Remains kept;  // if the tool said that it keeps its run directory
};

// tools/vireo with these arguments, on what is built. A failing test prints every run of its case.
// `seconds` is below the limit that ctest has for a case, so that this can be printed.
Ran vireo(const Words& arguments, int seconds = 150);

// `vireo run SYSTEM -c COMMAND...` and the like.
Words operator+(Words first, const Words& more);

// Any other program, for at most `seconds`.
Ran program(const Words& words, int seconds = 120);

// tools/vireo, for who starts it otherwise.
std::string tool();
fs::path project_root();
// The target tree that the tool takes kernel and programs from.
fs::path target_tree();

bool contains(const std::string& text, const std::string& part);
// Lines of a text with this part in them.
Words lines_with(const std::string& text, const std::string& part);

}  // namespace cli
