// ledger.cpp - what has passed already, so that a long `test` goes on where it was interrupted.
#include "ledger.hpp"

#include "failure.hpp"
#include "text.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

namespace vireo {
namespace {

constexpr u64 large = u64{16} << 20;  // somebody's disk image: its size and name will do

// FNV-1a
class Hash {
public:
    void add(std::string_view bytes)
    {
        for (const char c : bytes)
            value_ = (value_ ^ static_cast<u8>(c)) * 0x100000001b3U;
        value_ = (value_ ^ 0x100) * 0x100000001b3U;  // an end that no byte is
    }
    u64 value() const { return value_; }

private:
    u64 value_ = 0xcbf29ce484222325U;
};

bool built_or_hidden(const fs::path& path)
{
    const auto name = path.filename().string();
    return name.starts_with('.') || name.starts_with("build");
}

}  // namespace

std::vector<fs::path> source_files(const fs::path& root)
{
    std::vector<fs::path> files;
    for (const auto& top : fs::directory_iterator{root}) {
        if (built_or_hidden(top.path()))
            continue;
        if (top.is_regular_file())
            files.push_back(top.path());
        if (!top.is_directory())
            continue;
        for (const auto& entry : fs::recursive_directory_iterator{top.path()})
            if (entry.is_regular_file())
                files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
}

u64 hash_of_sources(const fs::path& root) { return hash_of_files(root, source_files(root)); }

u64 hash_of_files(const fs::path& root, const std::vector<fs::path>& files)
{
    Hash hash;
    for (const auto& file : files) {
        hash.add(file.lexically_relative(root).string());
        const auto bytes = fs::file_size(file);
        hash.add(bytes > large ? std::to_string(bytes) : read_text(file));
    }
    return hash.value();
}

Ledger::Ledger(fs::path file, u64 sources)
    : file_{std::move(file)}, sources_{fmt::format("{:016x}", sources)}
{
    if (!fs::exists(file_))
        return;
    for (const auto& line : lines_of(read_text(file_))) {
        std::istringstream words{line};
        std::string of;
        std::string result;
        u64 seconds = 0;
        u32 tests = 0;
        std::string stage;
        if (!(words >> of >> result >> seconds >> tests >> std::ws) || !std::getline(words, stage)
            || of != sources_)
            continue;
        passed_.erase(stage);
        if (result == "passed")
            passed_[stage] = tests;
    }
}

std::optional<u32> Ledger::passed(const std::string& stage) const
{
    const auto found = passed_.find(stage);
    return found == passed_.end() ? std::nullopt : std::optional{found->second};
}

void Ledger::note(const std::string& stage, bool passed, u32 tests, std::chrono::seconds took)
{
    fs::create_directories(file_.parent_path());
    std::ofstream out{file_, std::ios::app};
    out << fmt::format("{} {} {} {} {}\n", sources_, passed ? "passed" : "failed", took.count(),
                       tests, stage);
    if (!out.flush())
        throw Failure{Exit::environment, "cannot write " + file_.string()};
}

void Ledger::forget()
{
    fs::remove(file_);
    passed_.clear();
}

}  // namespace vireo
