// fault/journal.hpp - what QEMU noted of the writes and flushes of a disk (Linux's dm-log-writes,
// as its blklogwrites has it): entries in the order in which they were done.
#pragma once

#include "file.hpp"

#include <optional>
#include <vector>

namespace vireo::fault {

struct JournalEntry {
    bool flush = false;
    u64 sector = 0;  // of what was written or discarded
    u64 sectors = 0;
};

// Exit::environment for what is no journal. What is cut off at its end is left out.
std::vector<JournalEntry> read_journal(const fs::path& file);

// Whether sectors [first, first + count) were safe from a loss of power before anything else was
// written: behind the last write to them there is a flush, and no other write before it. Nothing
// if so, or why not.
std::optional<std::string> unsafe(const std::vector<JournalEntry>& journal, u64 first, u64 count);

}  // namespace vireo::fault
