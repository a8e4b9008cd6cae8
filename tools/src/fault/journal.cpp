// fault/journal.cpp - reads entries, and looks for the flush behind a write.
#include "fault/journal.hpp"

#include "failure.hpp"

#include <array>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

namespace vireo::fault {
namespace {

constexpr u64 sector_bytes = 512;
constexpr u64 magic = 0x6a73'6677'7368'72;

// Both are the first bytes of a sector, little-endian.
struct Super {
    u64 magic;
    u64 version;
    u64 entries;  // QEMU writes it now and then
    u32 sector_bytes;
    u32 reserved;
};
struct Entry {
    static constexpr u64 flush = 1;
    static constexpr u64 discard = 4;  // no data behind it

    u64 sector;
    u64 sectors;
    u64 flags;
    u64 data_bytes;
};
static_assert(sizeof(Super) == 32 && sizeof(Entry) == 32);

template <class T>
std::optional<T> read_at(std::ifstream& in, u64 sector)
{
    std::array<char, sector_bytes> bytes{};
    in.seekg(static_cast<std::streamoff>(sector * sector_bytes));
    if (!in.read(bytes.data(), bytes.size()))
        return std::nullopt;
    T value;
    std::memcpy(&value, bytes.data(), sizeof(value));
    return value;
}

bool meets(const JournalEntry& entry, u64 first, u64 count)
{
    return entry.sectors != 0 && entry.sector < first + count
           && first < entry.sector + entry.sectors;
}

}  // namespace

std::vector<JournalEntry> read_journal(const fs::path& file)
{
    std::ifstream in{file, std::ios::binary};
    const auto super = read_at<Super>(in, 0);
    if (!super || super->magic != magic || super->sector_bytes != sector_bytes)
        throw Failure{Exit::environment, file.string() + " is no journal of a disk"};
    std::vector<JournalEntry> entries;
    for (u64 at = 1; const auto entry = read_at<Entry>(in, at);) {
        const bool flush = (entry->flags & Entry::flush) != 0;
        if (!flush && entry->sectors == 0)
            break;
        entries.push_back({flush, entry->sector, entry->sectors});
        at += 1 + ((entry->flags & Entry::discard) != 0 ? 0 : entry->sectors);
    }
    return entries;
}

std::optional<std::string> unsafe(const std::vector<JournalEntry>& journal, u64 first, u64 count)
{
    usize last = journal.size();
    for (usize n = 0; n < journal.size(); ++n)
        if (meets(journal[n], first, count))
            last = n;
    for (usize n = last; n < journal.size(); ++n) {
        if (n != last && !journal[n].flush && journal[n].sectors != 0)
            return fmt::format("behind sector {} sector {} was written without a flush between",
                               journal[last].sector, journal[n].sector);
        if (journal[n].flush)
            return std::nullopt;
    }
    return last == journal.size() ? fmt::format("sectors from {} were never written", first)
                                  : fmt::format("no flush behind sector {}", journal[last].sector);
}

}  // namespace vireo::fault
