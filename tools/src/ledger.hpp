// ledger.hpp - what has passed already, so that a long `test` goes on where it was interrupted.
//
// A file of lines `SOURCES passed|failed SECONDS TESTS STAGE`, one for each stage that came to its
// end. A line counts for the sources that it names and no others.
#pragma once

#include "file.hpp"

#include <chrono>
#include <map>
#include <optional>

namespace vireo {

// All files below `root` but what is built, and what is hidden; sorted.
std::vector<fs::path> source_files(const fs::path& root);
// A hash of these, or of some files below `root`: names and contents.
u64 hash_of_sources(const fs::path& root);
u64 hash_of_files(const fs::path& root, const std::vector<fs::path>& files);

class Ledger {
public:
    Ledger(fs::path file, u64 sources);

    // How many tests the stage has, if its last run for these sources was good.
    std::optional<u32> passed(const std::string& stage) const;
    void note(const std::string& stage, bool passed, u32 tests, std::chrono::seconds took);
    // As if nothing had ever run.
    void forget();

private:
    fs::path file_;
    std::string sources_;
    std::map<std::string, u32> passed_;
};

}  // namespace vireo
