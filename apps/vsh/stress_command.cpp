// vsh/stress_command.cpp - blk stress: a disk under load whose server is killed meanwhile.
#include "progress.hpp"
#include "shell.hpp"
#include "stress.hpp"

#include <proto/names.hpp>

namespace vsh {

namespace {

constexpr u32 cell_bytes = 4096;

// As many cells as the disk has, in the sizes that the load takes.
Stress::Options load(const block::Disk& disk, u64 rounds)
{
    const u32 cell = std::max(cell_bytes, disk.info().logical_block);
    const u64 cells = std::min<u64>(disk.bytes() / cell, Stress::max_cells);
    return {.cells = static_cast<u32>(std::bit_floor(cells)),
            .cell_sectors = cell / block::sector_bytes,
            .rounds = static_cast<u32>(rounds)};
}

// Kills the server of a disk so many times, each after another part of the load.
class Killer {
public:
    Killer(sys::Borrowed<sys::Endpoint> names, const Command& command, u64 completions)
        : names_{names},
          service_{text::padded<sizeof(abi::Name)>(command.disk)},
          kills_{command.kills},
          completions_{completions}
    {
    }

    // A server that is about to be started again is killed later.
    Result<> at(u64 completions)
    {
        if (killed_ == kills_ || completions <= (killed_ + 1) * completions_ / (kills_ + 1))
            return {};
        const auto done = sys::call<proto::names::Kill>(names_, {service_});
        if (!done)
            return done.error() == Errc::not_found ? Result<>{} : fail(done.error());
        ++killed_;
        return {};
    }
    u64 killed() const { return killed_; }

private:
    sys::Borrowed<sys::Endpoint> names_;
    abi::Name service_;
    u64 kills_;
    u64 completions_;  // in all
    u64 killed_ = 0;
};

void report(const Stress& stress, const block::Disk& disk, const Killer& killer)
{
    Line line;
    line.put("stressed ").number(stress.completions()).put(" requests, ");
    line.number(killer.killed()).put(" kills, ").number(disk.restarts()).put(" restarts, ");
    line.number(disk.replayed()).put(" replayed, ").number(stress.sent_again());
    print(line.put(" given back: all sectors hold what was written"));
}

}  // namespace

Status Shell::stress(block::Disk& disk, const Command& command)
{
    constexpr std::string_view what = "blk stress";
    const auto names = given_->grant<sys::Endpoint>("names");
    if (!names)
        return complain(what, names.error());
    const auto options = load(disk, command.count);
    if (options.cells == 0)
        return complain(what, Errc::no_space);
    Stress stress{disk, options};
    Killer killer{*names, command, stress.expected()};
    Progress progress{stress.expected(), "request"};
    for (;;) {
        const auto more = stress.step();
        if (!more && stress.wrong()) {
            Line line;
            print(line.put("vsh: blk stress ")
                      .put(command.disk)
                      .put(": sector ")
                      .number(*stress.wrong())
                      .put(" does not hold what was written"));
            return Status::failed;
        }
        if (!more)
            return complain(what, more.error());
        if (!*more)
            break;
        progress.at(stress.completions());
        if (const auto killed = killer.at(stress.completions()); !killed)
            return complain(what, killed.error());
    }
    report(stress, disk, killer);
    return Status::done;
}

}  // namespace vsh
