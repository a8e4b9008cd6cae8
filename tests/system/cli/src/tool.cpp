// tool.cpp - tools/vireo as its user runs it.
#include "file.hpp"
#include "process.hpp"
#include "text.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include <catch2/catch.hpp>
#include <cli/tool.hpp>

namespace cli {
namespace {

std::string shown(const Words& words)
{
    std::string line;
    for (const auto& word : words)
        line += (line.empty() ? "" : " ") + vireo::shell_quote(word);
    return line;
}

Remains remains_named_in(const std::string& text)
{
    for (const std::string mark : {"run directory, kept: ", "run directory: "})
        for (const auto& line : lines_with(text, mark))
            return Remains{line.substr(line.find(mark) + mark.size())};
    return {};
}

}  // namespace

TempDir::TempDir()
{
    std::string pattern = (fs::temp_directory_path() / "vireo-cli-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
}

TempDir::~TempDir()
{
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

Remains::Remains(fs::path path)
    : directory_{new fs::path{std::move(path)}, [](fs::path* gone) {
                     std::error_code ignored;
                     fs::remove_all(*gone, ignored);
                     delete gone;
                 }}
{
}

std::string Remains::text(const std::string& file) const { return vireo::read_text(path() / file); }

Ran program(const Words& words, int seconds)
{
    const auto result = vireo::run_captured(words, std::chrono::seconds{seconds});
    UNSCOPED_INFO("$ " << shown(words) << "\n-- status " << result.status << "\n-- stdout\n"
                       << result.out << "-- stderr\n"
                       << result.err);
    return {result.status, result.out, result.err, remains_named_in(result.err)};
}

Ran vireo(const Words& arguments, int seconds)
{
    const Words command{"env", "VIREO_NO_BUILD=1", "VIREO_TARGET_DIR=" VIREO_TARGET_DIR,
                        VIREO_COMMAND};
    return program(command + arguments, seconds);
}

Words operator+(Words first, const Words& more)
{
    first.insert(first.end(), more.begin(), more.end());
    return first;
}

std::string tool() { return VIREO_COMMAND; }

fs::path project_root() { return fs::path{VIREO_COMMAND}.parent_path().parent_path(); }

fs::path target_tree() { return VIREO_TARGET_DIR; }

bool contains(const std::string& text, const std::string& part) { return text.contains(part); }

Words lines_with(const std::string& text, const std::string& part)
{
    auto lines = vireo::lines_of(text);
    std::erase_if(lines, [&](const std::string& line) { return !line.contains(part); });
    return lines;
}

}  // namespace cli
