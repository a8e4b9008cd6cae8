// fault/medium.cpp - reads stamped sectors from an image.
#include "fault/medium.hpp"

#include "failure.hpp"
#include "fault/journal.hpp"

#include <fstream>
#include <map>

#include <block/stamp.hpp>
#include <fmt/format.h>

namespace vireo::fault {
namespace {

constexpr u64 sector_bytes = block::pattern::sector_bytes;

// What a sector is instead; empty if it is what it must be.
std::string fault_of(std::span<const std::byte, sector_bytes> bytes, const block::Stamp& wanted)
{
    const auto found = block::stamp_of(bytes);
    if (found == wanted)
        return {};
    if (!found)
        return fmt::format("on the medium sector {} is not whole", wanted.sector);
    return fmt::format("on the medium sector {} says sector {}, version {} of {}", wanted.sector,
                       found->sector, found->version, found->client);
}

std::string first_fault(std::ifstream& image, const TrialResult& trial)
{
    std::array<char, region_sectors * sector_bytes> region{};
    image.clear();
    image.seekg(static_cast<std::streamoff>(trial.sector * sector_bytes));
    image.read(region.data(), static_cast<std::streamsize>(region.size()));
    const auto bytes = std::as_bytes(std::span{region});
    for (u64 n = 0; n < region_sectors; ++n) {
        const auto sector = bytes.subspan(n * sector_bytes).first<sector_bytes>();
        const block::Stamp wanted{trial.sector + n, last_version, static_cast<u32>(trial.client)};
        if (auto why = fault_of(sector, wanted); !why.empty())
            return why;
    }
    return {};
}

// Of several trials in one region the last one.
std::map<u64, TrialResult*> last_of_regions(std::span<TrialResult> trials)
{
    std::map<u64, TrialResult*> last;
    for (auto& trial : trials)
        if (trial.client != 0)
            last[trial.sector] = &trial;
    return last;
}

void corrupt(TrialResult& trial, const std::string& why)
{
    trial.note = why;
    if (trial.verdict != lab::Verdict::wild_dma)
        trial.verdict = lab::Verdict::undetected;
}

}  // namespace

void check_medium(const fs::path& path, std::span<TrialResult> trials)
{
    const auto last = last_of_regions(trials);
    std::ifstream image{path, std::ios::binary};
    if (!image && !last.empty())
        throw Failure{Exit::environment, "cannot read " + path.string()};
    for (const auto& [sector, trial] : last)
        if (trial->sealed)
            if (const auto why = first_fault(image, *trial); !why.empty())
                corrupt(*trial, why);
}

void check_journal(const fs::path& path, std::span<TrialResult> trials)
{
    const auto journal = read_journal(path);
    for (const auto& [sector, trial] : last_of_regions(trials))
        if (trial->sealed)
            if (const auto why = unsafe(journal, sector, region_sectors))
                corrupt(*trial, "a loss of power: " + *why);
}

}  // namespace vireo::fault
